import { ActionIcon, Group, SegmentedControl, Stack, Text, Tooltip } from '@mantine/core';
import { useFullscreenElement } from '@mantine/hooks';
import { IconMaximize, IconMinimize } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import type { Output } from '../../../src-shared/contract/index.ts';
import { nextPosition, type Position, WORST } from '../../../src-shared/media/preview-positions.ts';
import { formatBytes, formatDuration } from '../../../src-shared/text/format.ts';
import { type Blind, BlindVote, otherSide, startBlind } from './blind-vote.tsx';
import classes from './compare.module.css';
import { FilmStrip } from './film-strip.tsx';
import { usePictures } from './pictures.ts';
import { type Mode, Stage, type Zoom } from './stage.tsx';

type Sample = NonNullable<Output<'file.get'>['sample']>;

interface Props {
  file: FileView;
  /** The sample to show; null shows the whole video's result. */
  sample: Sample | null;
  likeness: { ssim: number; psnr: number } | null;
  /** The second at which the result was measured to be worst, which is shown first. */
  worst?: number | null;
}

const MIDDLE: Position = 2;

/** As of {@link Mode}, or with nobody knowing which side is which. */
type Choice = Mode | 'blind';

const MODES: { value: Choice; label: string }[] = [
  { value: 'divider', label: 'Divider' },
  { value: 'source', label: 'Source' },
  { value: 'result', label: 'Result' },
  { value: 'difference', label: 'Difference' },
  { value: 'blind', label: 'Blind' },
];

function similarityText({ ssim, psnr }: { ssim: number; psnr: number }): string {
  return `Quality: SSIM ${ssim.toFixed(4)}, lowest PSNR ${psnr.toFixed(1)} dB`;
}

/** Keys are for the comparison unless the user is typing. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches('textarea, select, [contenteditable], input:not([type="range"]):not([type="radio"])');
}

/** The same pictures before and after, at several places of the video; another sample is compared afresh. */
export function Compare(props: Props) {
  return <Comparison key={`${props.file.id} ${props.sample?.stamp ?? 'result'}`} {...props} />;
}

function Comparison({ file, sample, likeness, worst = null }: Props) {
  const [position, setPosition] = useState<Position>(worst === null ? MIDDLE : WORST);
  const [mode, setMode] = useState<Choice>('divider');
  const [blind, setBlind] = useState<Blind>(startBlind);
  const [zoom, setZoom] = useState<Zoom>('fit');
  const { ref, toggle, fullscreen } = useFullscreenElement<HTMLDivElement>();
  const pictures = usePictures({
    ...{ file: file.id, sample: sample?.stamp, width: file.width, position, full: zoom !== 'fit' },
  });
  const choose = (place: Position) => {
    setPosition(place);
    setBlind(startBlind());
  };
  const keys = useRef<Record<string, () => void>>({});
  keys.current = {
    x: () => {
      if (mode === 'blind') setBlind({ ...blind, showing: otherSide(blind.showing) });
      else setMode(otherSide(mode === 'source' ? 'source' : 'result'));
    },
    b: () => setMode(mode === 'blind' ? 'divider' : 'blind'),
    d: () => setMode(mode === 'difference' ? 'divider' : 'difference'),
    z: () => setZoom(zoom === 'fit' ? 1 : zoom === 1 ? 4 : 'fit'),
    f: () => void toggle(),
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      keys.current[event.key.toLowerCase()]?.();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);

  const [before, after] = sample
    ? [sample.sourceBytes, sample.resultBytes]
    : [file.sourceSize ?? file.size, file.resultSize ?? 0];
  const unknown = mode === 'blind' && blind.verdict === null;
  const result = sample ? `Sample (${formatDuration(sample.seconds)})` : 'Result';
  const shownLikeness = sample ? sample.likeness : likeness;
  return (
    <Stack ref={ref} gap="xs" className={classes.compare} data-fullscreen={fullscreen || undefined}>
      <Stage
        pictures={pictures}
        mode={mode === 'blind' ? blind.showing : mode}
        zoom={zoom}
        ratio={file.width && file.height ? file.width / file.height : null}
        blind={unknown}
        labels={
          unknown
            ? { source: blind.a === 'source' ? 'A' : 'B', result: blind.a === 'result' ? 'A' : 'B' }
            : { source: `Source ${formatBytes(before)}`, result: `${result} ${formatBytes(after)}` }
        }
      />
      <FilmStrip file={file} sample={sample} worst={worst} position={position} choose={choose} />
      {mode === 'blind' && (
        <BlindVote
          {...{ file: file.id, position, blind, change: setBlind }}
          next={() => choose(nextPosition(position))}
        />
      )}
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          aria-label="Comparison"
          size="xs"
          data={MODES}
          value={mode}
          onChange={(next) => setMode(next as Choice)}
        />
        <Group gap="xs">
          <SegmentedControl
            aria-label="Zoom"
            size="xs"
            data={[
              { value: 'fit', label: 'Fit' },
              { value: '1', label: '1:1' },
              { value: '4', label: '4×' },
            ]}
            value={String(zoom)}
            onChange={(next) => setZoom(next === 'fit' ? 'fit' : next === '1' ? 1 : 4)}
          />
          {document.fullscreenEnabled && (
            <Tooltip label={fullscreen ? 'Exit full screen (F)' : 'Full screen (F)'}>
              <ActionIcon aria-label={fullscreen ? 'Exit full screen' : 'Full screen'} onClick={() => void toggle()}>
                {fullscreen ? <IconMinimize size={18} aria-hidden /> : <IconMaximize size={18} aria-hidden />}
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      </Group>
      <Text size="xs" c="dimmed">
        {shownLikeness && `${similarityText(shownLikeness)}. `}
        {sample && 'The video itself is unchanged. '}
        Keys: X switches sides, D shows the difference, B hides which is which, Z zooms, F fills the screen.
      </Text>
    </Stack>
  );
}
