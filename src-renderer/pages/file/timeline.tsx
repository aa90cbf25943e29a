import { Accordion, Timeline as Line, ScrollArea, Stack, Text } from '@mantine/core';
import type { Output } from '../../../src-shared/contract.ts';
import { formatDuration } from '../../../src-shared/format.ts';
import { When } from '../../components/bits.tsx';
import { STAGE_WORDS } from '../../words.ts';
import classes from './drawer.module.css';

export type Attempt = Output<'file.get'>['attempts'][number];

const OUTCOMES: Record<string, string> = {
  done: 'Converted',
  skip: 'Left as it is',
  skipped: 'Left as it is',
  unconfirmed: 'Waiting for a second opinion',
  failed: 'Failed',
  node: 'Given back',
  released: 'Given back',
  cancelled: 'Cancelled',
};

/** How an attempt ended, in a word or two. */
export const outcomeWords = ({ outcome }: Attempt): string => (outcome ? (OUTCOMES[outcome] ?? outcome) : 'Running');

/** How long each stage took: `Encoding 3 min 5 s`. */
export const stageWords = ({ stages }: Attempt): string[] =>
  Object.entries(stages).map(
    ([stage, seconds]) => `${(STAGE_WORDS as Record<string, string>)[stage] ?? stage} ${formatDuration(seconds)}`,
  );

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

/** Every attempt at a film, newest first: when, on which computer, how long each stage took, and how it ended. */
export function Timeline({ attempts }: { attempts: Attempt[] }) {
  return (
    <Line bulletSize={12} lineWidth={2} active={attempts.length}>
      {attempts.toReversed().map((attempt) => (
        <Line.Item
          key={attempt.startedAt}
          color={colourOf(attempt)}
          title={`${outcomeWords(attempt)} on ${attempt.worker}`}
        >
          <Text size="xs" c="dimmed">
            <When time={attempt.startedAt} />
            {attempt.encoder && `, ${attempt.encoder}`}
          </Text>
          {attempt.reason && <Text>{attempt.reason}</Text>}
          <Text size="xs" c="dimmed" className={classes.stages}>
            {stageWords(attempt).map((words) => (
              <span key={words}>{words}</span>
            ))}
          </Text>
          {attempt.log && <Log log={attempt.log} />}
        </Line.Item>
      ))}
    </Line>
  );
}
