import type { FileFilter } from './file-view.ts';

/** A filter as the question part of an address: a list's key stands there once for each of its values. */
export function filterParams(filter: FileFilter): URLSearchParams {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(filter)) {
    if (key === 'search') params.set('q', String(value));
    else for (const one of [value].flat()) params.append(key, String(one));
  }
  return params;
}

/** The address of the library with a filter. */
export const libraryAddress = (filter: FileFilter): string => `/library?${filterParams(filter)}`;
