import type { FileFilter } from '../contract/file-view.ts';

/** A filter as the parameters of a URL's query: a list's key stands there once for each of its values. */
export function filterParams(filter: FileFilter): [key: string, value: string][] {
  return Object.entries(filter).flatMap(([key, value]): [string, string][] =>
    key === 'search' ? [['q', String(value)]] : [value].flat().map((one) => [key, String(one)]),
  );
}

/** The address of the library with a filter. */
export const libraryAddress = (filter: FileFilter): string =>
  `/library?${filterParams(filter)
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&')}`;
