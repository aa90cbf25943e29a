import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { count, formatBytes, savedPercent } from '../../../src-shared/text/format.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { nameOf } from '../../lib/labels.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { useCall } from '../../store/queries.ts';
import classes from './welcome.module.css';

/** Videos shown at first, and at most: the library has all of them. */
const [FEW, MANY] = [10, 100];

/** What would become of each video: its estimated size, and what it would lose, or why it is left alone. */
export function PreviewVideos({ library }: { library: number }) {
  const open = useOpenFile();
  const [limit, setLimit] = useState(FEW);
  const { data, error, refetch } = useCall('library.preview', { library, limit }, { keep: true });
  if (error) return <ErrorAlert error={error} retry={refetch} />;
  if (!data) return <Loading lines={4} />;
  const { videos, total } = data;
  if (total === 0) return <Text c="dimmed">Videos appear here as they are found.</Text>;
  return (
    <>
      <ul className={classes.videos} aria-label="Videos">
        {videos.map(({ file, path, size, estimate, leftOut, skip }) => (
          <li key={file}>
            <button type="button" title={path} onClick={() => open(file)}>
              {nameOf(path)}
            </button>
            <span className={classes.sizes}>
              {formatBytes(size)}
              {estimate !== null && ` → about ${formatBytes(estimate)} (−${savedPercent(size, estimate)})`}
            </span>
            {leftOut.length > 0 && <span className={classes.loses}>Left out: {leftOut.join('; ')}</span>}
            {skip !== null && <span className={classes.skipped}>Skipped: {skip}</span>}
          </li>
        ))}
      </ul>
      {total > videos.length && (
        <Group mt="xs">
          <Text c="dimmed">{count(total - videos.length, 'more video')}.</Text>
          {limit < MANY && (
            <Button variant="default" onClick={() => setLimit(MANY)}>
              Show more
            </Button>
          )}
        </Group>
      )}
    </>
  );
}
