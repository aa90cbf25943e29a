import { describe, expect, it } from 'vitest';
import { libraryAddress } from '../../../src-shared/text/library-url.ts';
import { paramsOf, type View, viewFrom, withList } from './view.ts';

const read = (query: string) => viewFrom(new URLSearchParams(query));

describe('a view in an address', () => {
  it('comes back as it was', () => {
    const view: View = {
      filter: {
        state: ['failed', 'blocked'],
        library: [3],
        codec: ['h264'],
        hdr: ['HDR10+'],
        savedFrom: -10,
        savedTo: 40,
        missing: true,
        search: 'night & ferry, 100 %',
        folder: 'Tides & more/Season 1',
      },
      sort: 'saved',
      descending: true,
      folders: true,
    };
    expect(viewFrom(paramsOf(view))).toEqual(view);
  });

  it('is what a link to the library says', () => {
    const { search } = new URL(libraryAddress({ state: ['failed', 'blocked'] }), 'http://nas');
    expect(read(search)).toEqual({ ...read(''), filter: { state: ['failed', 'blocked'] } });
  });

  it('is empty for the standard view', () => {
    expect(paramsOf(read('')).toString()).toBe('');
    expect(libraryAddress({ state: ['done'] })).toBe('/library?state=done');
  });

  it('leaves out what it does not understand', () => {
    expect(read('state=exploded&library=one&savedFrom=lots&sort=-colour&resolution=1080p')).toEqual({
      ...read(''),
      filter: { resolution: ['1080p'] },
    });
  });
});

describe('withList', () => {
  it('takes a list that is empty out of the filter', () => {
    expect(withList({ state: ['done'], search: 'x' }, 'state', [])).toEqual({ search: 'x' });
    expect(withList({}, 'library', [1, 2])).toEqual({ library: [1, 2] });
  });
});
