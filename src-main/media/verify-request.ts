import type { Probe } from '../../src-shared/media.ts';
import type { Plan } from '../../src-shared/plan.ts';
import type { RunOptions } from './process.ts';

/** What a result is checked against. */
export interface VerifyRequest {
  source: string;
  sourceVersion: string;
  sourceProbe: Probe;
  plan: Plan;
  result: string;
  resultVersion: string;
  /** Frames that the encoder's decoder showed for each encoded video stream, in order. */
  decodedFrames: number[];
  /** Lines of captions that were read out of the pictures. */
  captionLines: number;
  /** Not all of the source can be read, and what is left was converted all the same, as its user wished. */
  damaged?: boolean | undefined;
  /** Chooses the places that are looked at, the same ones for the same seed; by chance where left out. */
  seed?: number | undefined;
  /** Lines of each page of teletext that was read. */
  teletextLines?: number[] | undefined;
  signal?: AbortSignal;
  /** How much of the computer it may use, and what holds it. */
  run?: Pick<RunOptions, 'priority' | 'brake'>;
  /** Told the share of the film that is decoded, 0 to 1: all but the last moments of a check. */
  onProgress?: (share: number) => void;
}

/** Why a result may not replace its source; the message is the reason. */
export class Refused extends Error {
  /** What chose the places that were looked at: with the same number, the same proof is made again. */
  seed: number | undefined;
}
