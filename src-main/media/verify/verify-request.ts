import type { Probe } from '../../../src-shared/media/probe.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import type { RunOptions } from '../ffmpeg/process-manager.ts';

/** A result to verify, and its source and plan. */
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
  /** The worker reports that it couldn't read all of the source. Its report only ever adds reasons to reject the result. */
  damaged?: boolean | undefined;
  /** The user wants the readable part of a damaged video converted. */
  salvaged?: boolean | undefined;
  /** Chooses the places that are looked at, the same ones for the same seed; by chance where left out. */
  seed?: number | undefined;
  /** Lines of each page of teletext that was read. */
  teletextLines?: number[] | undefined;
  signal?: AbortSignal;
  /** How much of the computer it may use, and what holds it. */
  run?: Pick<RunOptions, 'priority' | 'brake'>;
  /** Receives the share of the video that is decoded, 0 to 1: all but the last moments of a check. */
  onProgress?: (share: number) => void;
}

/** Why a result may not replace its source; the message is the reason. */
export class VerificationError extends Error {
  /** What chose the places that were looked at: with the same number, the same proof is made again. */
  seed: number | undefined;
}
