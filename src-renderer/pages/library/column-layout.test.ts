import { describe, expect, it } from 'vitest';
import { columnsFor, isTicked } from './column-layout.ts';

/** What the table has in a window of 1440 pixels, beside the rail. */
const ROOM = 1220;

describe('the columns of the library', () => {
  it('show all that is ticked where there is room', () => {
    expect([...columnsFor({}, 1264, 'added')]).toEqual([
      'video',
      'resolution',
      'codec',
      'audio',
      'size',
      'resultSize',
      'saved',
      'state',
      'added',
    ]);
    expect([isTicked({}, 'hdr'), isTicked({ hdr: true }, 'hdr'), isTicked({ added: false }, 'added')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('keep the one that the list is sorted by, which shows the order', () => {
    expect(columnsFor({}, ROOM, 'added')).toContain('added');
    expect(columnsFor({}, ROOM, 'added')).not.toContain('resultSize');
    expect(columnsFor({}, ROOM, 'resultSize')).not.toContain('added');
    expect([...columnsFor({}, 0, 'codec')]).toEqual(['video', 'codec', 'state']);
  });

  it('keep what the user asked for, and never show what the user hid', () => {
    expect(columnsFor({ audio: true }, 0, 'added')).toContain('audio');
    expect(columnsFor({ added: false }, ROOM, 'added')).not.toContain('added');
  });
});
