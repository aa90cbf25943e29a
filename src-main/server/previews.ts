import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../../src-shared/errors.ts';
import type { Sample } from '../../src-shared/insights.ts';
import { mainVideo, type Probe } from '../../src-shared/media.ts';
import { makePlan, type Plan, type Skip } from '../../src-shared/plan.ts';
import { pictureFilters } from '../../src-shared/video-args.ts';
import type { FileRow } from '../db/files.ts';
import type { MasterContext } from '../master/context.ts';
import { versionOf } from '../master/identity.ts';
import { type Frames, POSITIONS } from '../media/frames.ts';
import type { Sampler } from '../worker/sampler.ts';

/** Which picture of a file is wanted. */
export interface PictureRequest {
  file: number;
  side: 'source' | 'result';
  position: number;
  /** Pixels, at the most. */
  width: number;
  /** Of the sample with this stamp instead of the whole film. */
  sample?: string | undefined;
}

/** Pictures of films before and after, and samples of what a conversion would make of them. */
export class Previews {
  readonly #ctx: MasterContext;
  readonly #frames: Frames;
  readonly #sampler: Sampler;

  constructor(ctx: MasterContext, parts: { frames: Frames; sampler: Sampler }) {
    this.#ctx = ctx;
    this.#frames = parts.frames;
    this.#sampler = parts.sampler;
  }

  /** Converts a few seconds of a film. @throws Fault `conflict` when it would not be converted */
  async sample(id: number, seconds: number): Promise<Sample> {
    const { libraries, settings, tables, emit } = this.#ctx;
    const file = this.#file(id);
    if (!file.probe || file.state === 'done')
      throw new Fault('conflict', `${path.basename(file.path)} waits for no conversion that a sample could show.`);
    const { niceLevel, ioniceClass } = settings();
    return this.#sampler.make({
      ...{ file: id, seconds, probe: file.probe, size: file.size },
      source: path.join(libraries.get(file.library)?.root ?? '', file.path),
      priority: { nice: niceLevel, ionice: ioniceClass },
      plan: (probe) => makePlan(probe, settings(), tables()),
      onProgress: (progress) => emit('sample', { file: id, progress }),
    });
  }

  cancel(file: number): void {
    this.#sampler.cancel(file);
  }

  /** The last sample of a file that is still there. */
  sampleOf(file: number): Sample | null {
    return this.#sampler.get(file)?.sample ?? null;
  }

  /** A JPEG. @throws Fault `missing` when there is no such side, `conflict` when it gives no picture */
  async picture(request: PictureRequest): Promise<Buffer> {
    if (request.position >= POSITIONS) throw new Fault('missing', `A film has pictures 0 to ${POSITIONS - 1}.`);
    if (request.sample !== undefined) return this.#pictureOfSample(request);
    const file = this.#file(request.file);
    const { probe } = file;
    if (!probe) throw new Fault('missing', `${path.basename(file.path)} has not been looked into yet.`);
    const place = await this.#placeOf(file, request.side);
    const version = await versionAt(place);
    if (!version) throw new Fault('missing', `${place} is not there.`);
    try {
      return await this.#pictureOf({ ...file, probe }, { place, version }, request);
    } catch (error) {
      if ((await versionAt(place)) === version) throw error;
      throw new Fault('missing', `${place} was replaced or taken back meanwhile.`, { cause: error });
    }
  }

  async #pictureOf(
    file: FileRow & { probe: Probe },
    { place, version }: { place: string; version: string },
    request: PictureRequest,
  ): Promise<Buffer> {
    const plan = makePlan(file.probe, this.#ctx.settings(), this.#ctx.tables());
    const result = file.state === 'done' && request.side === 'result';
    return this.#frames.get({
      ...{ file: place, version, position: request.position, width: request.width },
      probe: result ? await this.#ctx.prober.probe(place) : file.probe,
      filters: result ? [] : filtersOf(plan),
      duration: lengthOf(file.probe),
    });
  }

  #pictureOfSample({ file, side, position, width, sample }: PictureRequest): Promise<Buffer> {
    const kept = this.#sampler.get(file);
    if (!kept || kept.sample.stamp !== sample)
      throw new Fault('missing', 'This sample is not kept any more; make another.');
    return this.#frames.get({
      ...{ file: kept[side].file, version: sample, probe: kept[side].probe, position, width },
      filters: side === 'source' ? filtersOf(kept.plan) : [],
      duration: kept.sample.seconds,
    });
  }

  async #placeOf(file: FileRow, side: PictureRequest['side']): Promise<string> {
    const { libraries, swaps } = this.#ctx;
    const here = path.join(libraries.get(file.library)?.root ?? '', file.path);
    const name = path.basename(file.path);
    if (file.state !== 'done') {
      if (side === 'result') throw new Fault('missing', `${name} has not been converted.`);
      return here;
    }
    if (side === 'result') return here;
    const original = swaps.originalOf(file.id);
    if (!original) throw new Fault('missing', `The original of ${name} is not kept any more.`);
    return original.kept;
  }

  #file(id: number): FileRow {
    const file = this.#ctx.files.get(id);
    if (!file) throw new Fault('missing', `There is no file ${id}.`);
    return file;
  }
}

function filtersOf(plan: Plan | Skip): string[] {
  const video = plan.kind === 'convert' && plan.streams.find((s) => s.action === 'encode');
  return video ? pictureFilters(video) : [];
}

/** Which version stands there; undefined where nothing does. */
function versionAt(place: string): Promise<string | undefined> {
  return lstat(place, { bigint: true }).then(versionOf, () => undefined);
}

/** Seconds that pictures are spread over. */
function lengthOf(probe: Probe): number {
  return mainVideo(probe)?.duration ?? probe.duration ?? 0;
}
