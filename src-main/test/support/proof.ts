/** What the tests of the check of results share. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { makePlan, type Plan } from '../../../src-shared/plan/plan.ts';
import { Settings } from '../../../src-shared/settings/settings.ts';
import { versionOf } from '../../master/files/file-identity.ts';
import { detectCapabilities, type Tools } from '../../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import type { Likeness } from '../../media/verify/pictures/compare-pictures.ts';
import { Verifier } from '../../media/verify/verify.ts';
import { VerificationError, type VerifyRequest } from '../../media/verify/verify-request.ts';
import { tempFolder } from './temp.ts';

/** A check of a result against the source with as many `frames` in each video stream. */
export interface Check {
  verify: (source: string, result: string, frames: number[]) => Promise<Likeness>;
  /** The reason why it refuses. */
  refusal: (source: string, result: string, frames: number[]) => Promise<string>;
  verifier: Verifier;
  /** What {@link verify} asks of the {@link verifier}. */
  request: (source: string, result: string, frames: number[]) => Promise<VerifyRequest>;
}

/** Makes a {@link Check} with an ffmpeg; the places that it looks at are the same every time. */
export async function makeCheck(tools: Tools): Promise<Check> {
  const processes = await ProcessManager.create(path.join(tempFolder(), 'children'));
  const caps = await detectCapabilities(processes, tools);
  const prober = new Prober(processes, tools, async () => caps);
  const timelines = new Timelines(processes, tools);
  const verifier = new Verifier({ processes, tools, caps: async () => caps, prober, timelines });
  const version = async (file: string) => versionOf(await stat(file, { bigint: true }));
  const request: Check['request'] = async (source, result, decodedFrames) => {
    const sourceProbe = await prober.probe(source);
    const plan = makePlan(sourceProbe, Settings.parse({}), DEFAULT_TABLES) as Plan;
    return {
      ...{ source, sourceVersion: await version(source), sourceProbe, plan, decodedFrames, captionLines: 0 },
      ...{ result, resultVersion: await version(result), seed: 1 },
    };
  };
  const verify: Check['verify'] = async (...asked) => verifier.verify(await request(...asked));
  const refusal: Check['refusal'] = async (...asked) => {
    const refused = await verify(...asked).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(VerificationError);
    return (refused as VerificationError).message;
  };
  return { verify, refusal, verifier, request };
}
