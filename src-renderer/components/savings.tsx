import { Text } from '@mantine/core';
import { formatBytes, savedPercent } from '../../src-shared/text/format.ts';

/** What a conversion saved, from sizes in bytes: `−812 MB, 41%`. */
export function Savings({ before, after }: { before: number | null; after: number | null }) {
  if (before === null || after === null) return null;
  return (
    <span>
      {formatBytes(after - before)}{' '}
      <Text span c="dimmed">
        {savedPercent(before, after)}
      </Text>
    </span>
  );
}
