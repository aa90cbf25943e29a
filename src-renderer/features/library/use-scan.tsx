import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation } from '@tanstack/react-query';
import type { ScanReport } from '../../../src-shared/contract/libraries.ts';
import { nameOf } from '../../lib/labels.ts';
import { call } from '../../lib/transport.ts';
import { useLive } from '../../store/live.ts';
import { notify, notifyError } from '../../store/queries.ts';
import { scanText } from './scan-text.ts';

/** Scans libraries for new and changed videos, one after the other, and reports what was found and what could not be read. */
export function useScan() {
  return useMutation({
    networkMode: 'always',
    mutationFn: async (libraries: number[]) => {
      const scans: ScanReport[] = [];
      for (const library of libraries) {
        const scan = await call('library.scan', { library }).catch(notifyError);
        if (scan) scans.push(scan);
      }
      const [only, ...others] = libraries;
      const known = useLive.getState().summary?.libraries;
      // One of several is named; all together, or the only one there is, need no name.
      const named = others.length === 0 ? known?.find(({ id }) => id === only)?.root : undefined;
      if (scans.length > 0) notify(scanText(scans, named && nameOf(named)));
      const problems = scans.flatMap((scan) => scan.problems);
      if (problems.length > 0)
        modals.open({
          title: "Some files couldn't be read",
          children: problems.map((line) => <Text key={line}>{line}</Text>),
        });
    },
  });
}
