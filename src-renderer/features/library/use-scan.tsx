import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation } from '@tanstack/react-query';
import { count } from '../../../src-shared/text/format.ts';
import { call } from '../../lib/transport.ts';
import { notify, notifyError } from '../../store/queries.ts';

/** @returns what could not be read */
async function scan(library: number): Promise<string[]> {
  try {
    const { added, changed, moved, missing, problems } = await call('library.scan', { library });
    notify(`${count(added, 'new video')}, ${changed} changed, ${moved} moved, ${missing} missing.`);
    return problems;
  } catch (error) {
    notifyError(error);
    return [];
  }
}

/** Scans libraries for new and changed videos, one after the other, and reports what was found and what could not be read. */
export function useScan() {
  return useMutation({
    networkMode: 'always',
    mutationFn: async (libraries: number[]) => {
      const problems: string[] = [];
      for (const library of libraries) problems.push(...(await scan(library)));
      if (problems.length > 0)
        modals.open({
          title: "Some files couldn't be read",
          children: problems.map((line) => <Text key={line}>{line}</Text>),
        });
    },
  });
}
