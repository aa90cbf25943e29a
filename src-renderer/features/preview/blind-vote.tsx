import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { Verdict } from '../../../src-shared/media/blind-votes.ts';
import type { Position } from '../../../src-shared/media/preview-positions.ts';
import { suggestionText, votesText } from '../../../src-shared/text/blind-vote-text.ts';
import { useAction, useCall } from '../../store/queries.ts';
import type { Side } from './pictures.ts';

/** Where a blind comparison stands: both pictures are called A and B until the user has voted. */
export interface Blind {
  /** The side that is called A. */
  a: Side;
  /** The side that is in view. */
  showing: Side;
  /** What the user said; null until then. */
  verdict: Verdict | null;
}

/** Begins a comparison in which nobody knows which side is which. */
export function startBlind(): Blind {
  const a: Side = Math.random() < 0.5 ? 'source' : 'result';
  return { a, showing: a, verdict: null };
}

/** The other one of two sides. */
export const otherSide = (side: Side): Side => (side === 'source' ? 'result' : 'source');

interface Props {
  file: number;
  position: Position;
  blind: Blind;
  change: (blind: Blind) => void;
  /** On to the next place. */
  next: () => void;
}

/** Asks which of two pictures looks better, and says afterward which was which, and what all votes suggest. */
export function BlindVote({ file, position, blind, change, next }: Props) {
  const vote = useAction('file.vote', ['file.votes']);
  const { a, showing, verdict } = blind;
  const say = (said: Verdict) =>
    vote.mutate({ file, position, verdict: said }, { onSuccess: () => change({ ...blind, verdict: said }) });
  if (verdict === null) {
    return (
      <Group gap="xs" role="group" aria-label="Blind comparison">
        <Button size="xs" variant="default" onClick={() => change({ ...blind, showing: otherSide(showing) })}>
          Show {showing === a ? 'B' : 'A'}
        </Button>
        <Button size="xs" variant="light" loading={vote.isPending} onClick={() => say(a)}>
          A looks better
        </Button>
        <Button size="xs" variant="light" loading={vote.isPending} onClick={() => say(otherSide(a))}>
          B looks better
        </Button>
        <Button size="xs" variant="light" loading={vote.isPending} onClick={() => say('same')}>
          No difference
        </Button>
      </Group>
    );
  }
  return (
    <Stack gap={4} role="status">
      <Group gap="xs">
        <Text>
          A was the {a}, B the {otherSide(a)}.{verdict === 'result' && ' You took the result for the better one.'}
        </Text>
        <Button size="xs" variant="default" onClick={next}>
          Next position
        </Button>
      </Group>
      <Votes />
    </Stack>
  );
}

/** What was said so far at this quality, and what follows from it. */
function Votes() {
  const { data } = useCall('file.votes', {});
  if (!data || data.quality === 'table') return null;
  const suggestion = suggestionText(data);
  return (
    <Text size="sm" c="dimmed">
      {votesText(data)}
      {suggestion && (
        <>
          {` ${suggestion} `}
          <Anchor component={Link} href="/settings/quality#setting-quality" inherit>
            Setting: Quality
          </Anchor>
        </>
      )}
    </Text>
  );
}
