import { Accordion, Group, Timeline as Line, ScrollArea, Stack, Text } from '@mantine/core';
import type { HistoryKind } from '../../../src-shared/contract/history.ts';
import type { Output } from '../../../src-shared/contract/index.ts';
import { formatDuration } from '../../../src-shared/text/format.ts';
import { CopyText } from '../../components/copy-text.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { STAGE_LABELS } from '../../lib/labels.ts';
import classes from './drawer.module.css';

export type Attempt = Output<'file.get'>['attempts'][number];

const OUTCOMES: Record<string, string> = {
  done: 'Converted',
  skip: 'Skipped',
  skipped: 'Skipped',
  unconfirmed: 'Waiting for confirmation',
  failed: 'Failed',
  node: 'Returned to queue',
  released: 'Returned to queue',
  interrupted: 'Interrupted',
  undone: 'Undone',
  blocked: 'Blocked',
  cancelled: 'Canceled',
};

/** The outcome of an attempt, in a word or two. */
export const outcomeLabel = ({ outcome }: Attempt): string => (outcome ? (OUTCOMES[outcome] ?? outcome) : 'Running');

/** How long each stage took: `Encoding 3 min 5 s`. */
export const stageTexts = ({ stages }: Attempt): string[] =>
  Object.entries(stages).map(
    ([stage, seconds]) => `${(STAGE_LABELS as Record<string, string>)[stage] ?? stage} ${formatDuration(seconds)}`,
  );

/** `41.8 dB XPSNR, asked for 42 (CRF 31.5)` */
function qualityText({ target, crf, samples, measured, fallback }: NonNullable<Attempt['quality']>): string {
  if (fallback) return `CRF ${crf} from the quality table. ${fallback}`;
  const value = measured?.mean ?? samples?.expected ?? target.value;
  return `${value.toFixed(1)} dB XPSNR, asked for ${target.value} (CRF ${crf})`;
}

const colourOf = ({ outcome }: Attempt) =>
  outcome === 'done' ? 'var(--fl-done)' : outcome === 'failed' ? 'var(--fl-failed)' : 'var(--mantine-color-dimmed)';

function Log({ log }: { log: string }) {
  const [command = '', ...lines] = log.split('\n');
  return (
    <Accordion chevronPosition="left" variant="default">
      <Accordion.Item value="log">
        <Accordion.Control>Command and log</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="xs">
            <pre className={classes.log}>{command}</pre>
            <Group>
              <CopyText text={() => command}>Copy command</CopyText>
            </Group>
            {lines.length > 0 && (
              <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0 }}>
                <pre className={classes.log}>{lines.join('\n')}</pre>
              </ScrollArea.Autosize>
            )}
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

/** The line of an attempt; no component of its own, as the timeline marks its lines itself. */
function attemptItem(attempt: Attempt) {
  return (
    <Line.Item
      key={attempt.startedAt}
      color={colourOf(attempt)}
      title={`${outcomeLabel(attempt)} on ${attempt.worker}`}
    >
      <Text size="xs" c="dimmed">
        <RelativeTime time={attempt.startedAt} />
        {attempt.encoder && `, ${attempt.encoder}`}
        {attempt.quality && `, ${qualityText(attempt.quality)}`}
      </Text>
      {attempt.reason && <Text>{attempt.reason}</Text>}
      <Text size="xs" c="dimmed" className={classes.stages}>
        {stageTexts(attempt).map((words) => (
          <span key={words}>{words}</span>
        ))}
      </Text>
      {attempt.log && <Log log={attempt.log} />}
    </Line.Item>
  );
}

/** What the history knows of a video beside its attempts. */
export const TIMELINE_KINDS: HistoryKind[] = ['restore', 'purge', 'video'];

interface Props {
  attempts: Attempt[];
  history: Output<'history.list'>;
}

/**
 * Every attempt at a video and what users did to it, newest first: when, on which computer, how long each stage took, and how it ended.
 */
export function Timeline({ attempts, history }: Props) {
  const items = [
    ...attempts.map((attempt) => ({ time: attempt.startedAt, item: attemptItem(attempt) })),
    ...history.map(({ id, time, text }) => ({
      time,
      item: (
        <Line.Item key={`history ${id}`} title={text}>
          <Text size="xs" c="dimmed">
            <RelativeTime time={time} />
          </Text>
        </Line.Item>
      ),
    })),
  ].sort((a, b) => b.time - a.time);
  return (
    <Line bulletSize={12} lineWidth={2} active={items.length}>
      {items.map(({ item }) => item)}
    </Line>
  );
}
