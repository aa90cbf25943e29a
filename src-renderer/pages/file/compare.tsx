import { Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { type CSSProperties, useState } from 'react';
import type { Output } from '../../../src-shared/contract.ts';
import type { FileView } from '../../../src-shared/file-view.ts';
import { formatBytes } from '../../../src-shared/format.ts';
import { BASE } from '../../base.ts';
import classes from './drawer.module.css';

/** Places in the film, or in its sample, of which there are pictures. */
const POSITIONS = ['1', '2', '3', '4', '5'];

type Sample = NonNullable<Output<'file.get'>['sample']>;

interface Props {
  file: FileView;
  /** The sample to show; null shows the whole film's result. */
  sample: Sample | null;
  likeness: { ssim: number; psnr: number } | null;
}

function likenessWords({ ssim, psnr }: { ssim: number; psnr: number }): string {
  return `${(ssim * 100).toFixed(1)} % alike (SSIM ${ssim.toFixed(4)}), worst part ${psnr.toFixed(1)} dB PSNR`;
}

/** The same picture before and after, with a divider to draw across, at several places of the film. */
export function Compare({ file, sample, likeness }: Props) {
  const [position, setPosition] = useState('3');
  const [divide, setDivide] = useState(50);
  const [missing, setMissing] = useState(false);
  const address = (side: 'source' | 'result') =>
    `${BASE}/api/files/${file.id}/frames/${side}/${Number(position) - 1}.jpg${sample ? `?sample=${sample.stamp}` : ''}`;
  const [before, after] = sample
    ? [sample.sourceBytes, sample.resultBytes]
    : [file.sourceSize ?? file.size, file.resultSize ?? 0];
  const style = {
    '--divide': `${divide}%`,
    ...(file.width && file.height && { '--ratio': file.width / file.height }),
  } as CSSProperties;
  return (
    <Stack gap="xs">
      <div className={classes.frame} style={style}>
        {missing ? (
          <div className={classes.missing}>This picture could not be made. Another position may do.</div>
        ) : (
          <>
            <img src={address('source')} alt={`Source, position ${position}`} onError={() => setMissing(true)} />
            <img
              className={classes.after}
              src={address('result')}
              alt={`Result, position ${position}`}
              onError={() => setMissing(true)}
            />
            <input
              type="range"
              className={classes.range}
              aria-label="Divider between source and result"
              min={0}
              max={100}
              value={divide}
              onChange={(event) => setDivide(Number(event.currentTarget.value))}
            />
            <span className={classes.divider} />
            <span className={classes.tag} data-side="source">
              Source {formatBytes(before)}
            </span>
            <span className={classes.tag} data-side="result">
              Result {formatBytes(after)}
            </span>
          </>
        )}
      </div>
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          aria-label="Position in the film"
          data={POSITIONS}
          value={position}
          onChange={(next) => {
            setMissing(false);
            setPosition(next);
          }}
        />
        {likeness && (
          <Text size="xs" c="dimmed">
            {likenessWords(likeness)}
          </Text>
        )}
      </Group>
    </Stack>
  );
}
