import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { FILE_SORTS, FileFilter, type FileSort } from '../../../src-shared/contract/file-view.ts';
import { filterParams } from '../../../src-shared/text/library-url.ts';

/** What the library shows: which videos in what order. It lives in the address, so that a link shows the same. */
export interface View {
  filter: FileFilter;
  sort: FileSort;
  descending: boolean;
  /** As a tree of folders instead of a list. */
  folders: boolean;
}

/** Parts of the filter that are a list of values. */
export const LIST_KEYS = ['state', 'library', 'codec', 'resolution', 'hdr', 'worker', 'code'] as const;
export type ListKey = (typeof LIST_KEYS)[number];

const STANDARD = { sort: 'added', descending: true } as const;
const FOLDERS = 'folders';

/** Reads a view from an address; what is not understood is left out, as an old link may hold it. */
export function viewFrom(params: URLSearchParams): View {
  const filter: FileFilter = {};
  const take = (key: keyof FileFilter, value: unknown) => {
    const parsed = FileFilter.shape[key].safeParse(value);
    if (parsed.success) Object.assign(filter, { [key]: parsed.data });
  };
  for (const key of LIST_KEYS) {
    const values = params.getAll(key).filter(Boolean);
    if (values.length > 0) take(key, key === 'library' ? values.map(Number) : values);
  }
  for (const key of ['savedFrom', 'savedTo'] as const) {
    if (params.has(key)) take(key, Number(params.get(key)));
  }
  if (params.has('missing')) take('missing', params.get('missing') === 'true');
  if (params.get('q')) take('search', params.get('q'));
  if (params.get('folder')) take('folder', params.get('folder'));
  const given = params.get('sort') ?? '';
  const name = given.replace(/^-/, '');
  const sort = FILE_SORTS.find((known) => known === name);
  const order = sort ? { sort, descending: given.startsWith('-') } : STANDARD;
  return { filter, ...order, folders: params.get('view') === FOLDERS };
}

/** The address's question part for a view; empty for the standard one. */
export function paramsOf({ filter, sort, descending, folders }: View): URLSearchParams {
  const params = new URLSearchParams(filterParams(filter));
  if (sort !== STANDARD.sort || descending !== STANDARD.descending)
    params.set('sort', `${descending ? '-' : ''}${sort}`);
  if (folders) params.set('view', FOLDERS);
  return params;
}

/** The view of the address, and how to change it; `replace` does not make a step of the browser's history. */
export function useView(): [View, (next: Partial<View>, replace?: boolean) => void] {
  const [params, setParams] = useSearchParams();
  const text = params.toString();
  const view = useMemo(() => viewFrom(new URLSearchParams(text)), [text]);
  const setView = useCallback(
    (next: Partial<View>, replace = false) =>
      setParams(
        (now) => {
          const params = paramsOf({ ...viewFrom(now), ...next });
          const file = now.get('file');
          if (file) params.set('file', file);
          return params;
        },
        { replace },
      ),
    [setParams],
  );
  return [view, setView];
}

/** A filter with one list replaced; an empty list is no filter. */
export function withList(filter: FileFilter, key: ListKey, values: readonly (string | number)[]): FileFilter {
  const { [key]: _, ...rest } = filter;
  return values.length > 0 ? ({ ...rest, [key]: values } as FileFilter) : rest;
}

/** True when anything narrows the library down. */
export const isFiltered = (filter: FileFilter): boolean => Object.keys(filter).length > 0;
