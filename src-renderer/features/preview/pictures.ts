import { useState } from 'react';
import { nextPosition, type Position } from '../../../src-shared/media/preview-positions.ts';
import { BASE } from '../../lib/base-path.ts';

/** Pixels of a picture that fits its frame, and at the most. */
const FITTING = 1280;
const MAX_WIDTH = 3840;

export type Side = 'source' | 'result';

/** Both pictures of one place, as large as they are asked for. */
export interface Pair {
  key: string;
  position: Position;
  source: string;
  result: string;
}

/** The address of a picture; one that can't be made is an empty answer, of which no browser complains in its console. */
export function pictureUrl(
  file: number,
  side: Side,
  position: Position,
  { sample, width = FITTING }: { sample?: string | undefined; width?: number } = {},
): string {
  const query = new URLSearchParams({ width: String(width), optional: '1', ...(sample && { sample }) });
  return `${BASE}/api/files/${file}/frames/${side}/${position}.jpg?${query}`;
}

interface Wanted {
  file: number;
  sample: string | undefined;
  /** Pixels of the video; null where they are not known. */
  width: number | null;
  position: Position;
  /** Every pixel of the video is wanted, not only as many as fit. */
  full: boolean;
}

function pairOf({ file, sample, width, position, full }: Wanted): Pair {
  const pixels = full ? Math.min(MAX_WIDTH, Math.max(width ?? FITTING, 160)) : FITTING;
  const address = (side: Side) => pictureUrl(file, side, position, { sample, width: pixels });
  return { key: address('result'), position, source: address('source'), result: address('result') };
}

export interface Pictures {
  /** What is shown: the wanted pair once both of its pictures are there, until then the one before. */
  shown: Pair | null;
  /** Pairs to load: the wanted one first, the next one after it, and those that are there already. */
  pairs: Pair[];
  loading: boolean;
  failed: boolean;
  arrived: (key: string, side: Side) => void;
  broke: (key: string) => void;
  retry: () => void;
}

/**
 * Loads pictures in pairs, so that the two halves of a comparison never show different places, and the next place ahead.
 */
export function usePictures(wanted: Wanted): Pictures {
  const [loaded, setLoaded] = useState<ReadonlySet<string>>(new Set());
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  const [known, setKnown] = useState<readonly Pair[]>([]);
  const [last, setLast] = useState<Pair | null>(null);
  const isThere = ({ key }: Pair) => loaded.has(`source ${key}`) && loaded.has(`result ${key}`);
  const now = pairOf(wanted);
  const ready = isThere(now);
  const failed = broken.has(now.key);
  if (ready && last?.key !== now.key) {
    setLast(now);
    setKnown([...known.filter(({ key }) => key !== now.key), now]);
  }
  const ahead = ready ? [pairOf({ ...wanted, position: nextPosition(wanted.position) })] : [];
  const pairs = new Map([...known, ...(failed ? [] : [now]), ...ahead].map((pair) => [pair.key, pair]));
  return {
    shown: failed ? null : ready ? now : last,
    pairs: [...pairs.values()].filter(({ key }) => !broken.has(key)),
    loading: !ready && !failed,
    failed,
    arrived: (key, side) => setLoaded((before) => new Set(before).add(`${side} ${key}`)),
    broke: (key) => setBroken((before) => new Set(before).add(key)),
    retry: () => setBroken(new Set()),
  };
}
