import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation } from '@tanstack/react-query';
import { count } from '../../src-shared/format.ts';
import { tell, tellTrouble } from '../store/calls.ts';
import { call } from '../transport.ts';

/** @returns what could not be read */
async function scan(library: number): Promise<string[]> {
  try {
    const { added, changed, moved, missing, problems } = await call('library.scan', { library });
    tell(`${count(added, 'new film')}, ${changed} changed, ${moved} moved, ${missing} gone.`);
    return problems;
  } catch (error) {
    tellTrouble(error);
    return [];
  }
}

/** Looks for new and changed films in libraries, one after the other, and tells what was found and what could not be read. */
export function useScan() {
  return useMutation({
    networkMode: 'always',
    mutationFn: async (libraries: number[]) => {
      const problems: string[] = [];
      for (const library of libraries) problems.push(...(await scan(library)));
      if (problems.length > 0)
        modals.open({
          title: 'Not everything could be read',
          children: problems.map((line) => <Text key={line}>{line}</Text>),
        });
    },
  });
}
