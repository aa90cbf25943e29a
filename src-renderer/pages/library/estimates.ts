import { createContext } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { useCall } from '../../store/queries.ts';

const NONE: ReadonlyMap<number, number> = new Map();
/** The most that are asked for at a time. */
const MAX = 200;

/** Bytes that the videos in sight would roughly become. */
export const Estimates = createContext(NONE);

/** Asks what the videos in sight would become; only while a column shows it, as each takes a plan. */
export function useEstimates(files: readonly (FileView | undefined)[], enabled: boolean): ReadonlyMap<number, number> {
  const ids = files.flatMap((file) => (file && file.state !== 'done' ? [file.id] : [])).slice(0, MAX);
  const { data } = useCall('file.estimates', { files: ids }, { enabled: enabled && ids.length > 0, keep: true });
  return data ? new Map(data.estimates.map(({ file, bytes }) => [file, bytes])) : NONE;
}
