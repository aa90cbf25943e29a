import { Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { formatBytes } from '../../../src-shared/format.ts';
import { useCall } from '../../store/calls.ts';
import { nameOf } from '../../words.ts';
import { Compare } from '../file/compare.tsx';
import { SampleMaker } from '../file/sample-maker.tsx';

/** Films to choose from: the largest, since they have the most to give. */
const CHOICE = 50;

/** Converts a few seconds of one film of a library, and shows them beside the source. */
export function PreviewSample({ library }: { library: number }) {
  const films = useCall(
    'file.page',
    { filter: { library: [library], state: ['found', 'queued'] }, sort: 'size', descending: true, limit: CHOICE },
    { keep: true },
  );
  const [chosen, setChosen] = useState<number | null>(null);
  const files = films.data?.files ?? [];
  const id = chosen ?? files[0]?.id;
  const detail = useCall('file.get', { file: id ?? 1 }, { enabled: id !== undefined, keep: true });
  if (id === undefined)
    return <Text c="dimmed">As soon as films are found, you can try a few seconds of one here.</Text>;
  return (
    <Stack gap="sm">
      <Select
        label="Film"
        searchable
        allowDeselect={false}
        data={files.map((file) => ({
          value: String(file.id),
          label: `${nameOf(file.path)}, ${formatBytes(file.size)}`,
        }))}
        value={String(id)}
        onChange={(value) => setChosen(Number(value))}
      />
      {detail.data && detail.data.file.id === id && (
        <>
          {detail.data.plan?.kind === 'convert' ? (
            <SampleMaker key={id} file={detail.data.file} sample={detail.data.sample} />
          ) : (
            <Text c="dimmed" role="status">
              {detail.data.plan?.reason ?? 'This film is still being looked into.'}
            </Text>
          )}
          {detail.data.sample && (
            <Compare file={detail.data.file} sample={detail.data.sample} likeness={detail.data.sample.likeness} />
          )}
        </>
      )}
    </Stack>
  );
}
