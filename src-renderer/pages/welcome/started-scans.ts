import { create } from 'zustand';
import { call } from '../../lib/transport.ts';
import { notifyError } from '../../store/queries.ts';

/** Libraries whose first scan was asked for here and has not ended, whether or not it has begun. */
export const useStartedScans = create<{ libraries: readonly number[] }>(() => ({ libraries: [] }));

/** Scans a new library; its videos appear while they are found, and errors are shown wherever the user is by then. */
export function startScan(library: number): void {
  useStartedScans.setState(({ libraries }) => ({ libraries: [...libraries, library] }));
  call('library.scan', { library })
    .catch(notifyError)
    .finally(() =>
      useStartedScans.setState(({ libraries }) => ({ libraries: libraries.filter((id) => id !== library) })),
    );
}
