import { Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { formatBytes } from '../../../src-shared/text/format.ts';
import { Compare } from '../../features/preview/compare.tsx';
import { SampleMaker } from '../../features/preview/sample-maker.tsx';
import { nameOf } from '../../lib/labels.ts';
import { useCall } from '../../store/queries.ts';

/** Videos to choose from: the largest, which save the most. */
const CHOICE = 50;

/** Converts a few seconds of one video of a library, and shows them beside the source. */
export function PreviewSample({ library }: { library: number }) {
  const videos = useCall(
    'file.page',
    { filter: { library: [library], state: ['found', 'queued'] }, sort: 'size', descending: true, limit: CHOICE },
    { keep: true },
  );
  const [chosen, setChosen] = useState<number | null>(null);
  const files = videos.data?.files ?? [];
  const id = chosen ?? files[0]?.id;
  const detail = useCall('file.get', { file: id ?? 1 }, { enabled: id !== undefined, keep: true });
  if (id === undefined) return <Text c="dimmed">When videos are found, you can try a few seconds of one here.</Text>;
  return (
    <Stack gap="sm">
      <Select
        label="Video"
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
              {detail.data.plan?.reason ?? 'This video is still being analyzed.'}
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
