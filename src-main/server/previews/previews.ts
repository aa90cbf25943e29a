import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { Sample } from '../../../src-shared/contract/stats-view.ts';
import { POSITIONS, WORST } from '../../../src-shared/media/preview-positions.ts';
import { type Probe, pictureSeconds } from '../../../src-shared/media/probe.ts';
import { withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan, type Plan } from '../../../src-shared/plan/plan.ts';
import type { Skip } from '../../../src-shared/plan/skip.ts';
import { pictureFilters } from '../../../src-shared/plan/video-args.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { FileRow } from '../../db/tables/files.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../../master/context.ts';
import { versionOf } from '../../master/files/file-identity.ts';
import type { Frames } from '../../media/ffmpeg/frames.ts';
import type { Sampler } from '../../worker/encode/sampler.ts';

/** Which picture of a file is wanted. */
export interface PictureRequest {
  file: number;
  side: 'source' | 'result';
  position: number;
  /** Pixels, at the most. */
  width: number;
  /** Of the sample with this stamp instead of the whole video. */
  sample?: string | undefined;
}

/** Stills of videos before and after, and samples of a conversion. */
export class Previews {
  readonly #ctx: MasterContext;
  readonly #frames: Frames;
  readonly #sampler: Sampler;

  constructor(ctx: MasterContext, parts: { frames: Frames; sampler: Sampler }) {
    this.#ctx = ctx;
    this.#frames = parts.frames;
    this.#sampler = parts.sampler;
  }

  /** Converts a few seconds of a video. @throws Fault `conflict` when it would not be converted */
  async sample(id: number, seconds: number): Promise<Sample> {
    const { libraries, settings, tables, emit } = this.#ctx;
    const file = this.#file(id);
    if (!file.probe || file.state === 'done')
      throw new Fault(
        'conflict',
        `${path.basename(file.path)} isn't waiting to be converted, so there is nothing to sample.`,
      );
    const { niceLevel, ioniceClass } = settings();
    return this.#sampler.make({
      ...{ file: id, seconds, probe: file.probe, size: file.size },
      source: path.join(libraries.get(file.library)?.root ?? '', file.path),
      priority: { nice: niceLevel, ionice: ioniceClass },
      plan: (probe) => makePlan(probe, withOverrides(settings(), file.overrides), tables()),
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

  /** A JPEG. @throws Fault `missing` when there is no such side, `conflict` when it gives no picture, `node` when its disk does not answer */
  async picture(request: PictureRequest): Promise<Buffer> {
    const file = this.#file(request.file);
    const worst = request.sample === undefined && request.position === WORST ? this.#worstOf(file) : undefined;
    if (request.position >= POSITIONS.length && !worst)
      throw new Fault('missing', `A video has pictures 0 to ${POSITIONS.length - 1}.`);
    if (request.sample !== undefined) return this.#pictureOfSample(request);
    const { probe } = file;
    if (!probe) throw new Fault('missing', `${path.basename(file.path)} hasn't been analyzed yet.`);
    const place = await this.#placeOf(file, request.side);
    const root = this.#ctx.libraries.get(file.library)?.root ?? '';
    const look = () => callWithTimeout(root, () => versionAt(place));
    const version = await look();
    if (!version) throw new Fault('missing', `${place} doesn't exist.`);
    try {
      return await this.#pictureOf({ ...file, probe }, { place, version, worst }, request);
    } catch (error) {
      if ((await look()) === version) throw error;
      throw new Fault('missing', `${place} was replaced or restored in the meantime.`, { cause: error });
    }
  }

  async #pictureOf(
    file: FileRow & { probe: Probe },
    { place, version, worst }: { place: string; version: string; worst: { at: number } | undefined },
    request: PictureRequest,
  ): Promise<Buffer> {
    const plan = makePlan(file.probe, withOverrides(this.#ctx.settings(), file.overrides), this.#ctx.tables());
    const result = file.state === 'done' && request.side === 'result';
    return this.#frames.get({
      ...{ file: place, version, position: worst ?? request.position, width: request.width },
      probe: result ? await this.#ctx.prober.probe(place) : file.probe,
      filters: result ? [] : filtersOf(plan),
      duration: pictureSeconds(file.probe) ?? 0,
    });
  }

  /** The moment at which the result was measured to be worst. */
  #worstOf({ id, state }: FileRow): { at: number } | undefined {
    if (state !== 'done') return undefined;
    return this.#ctx.jobs.attempts(id).at(-1)?.quality?.worst;
  }

  #pictureOfSample({ file, side, position, width, sample }: PictureRequest): Promise<Buffer> {
    const kept = this.#sampler.get(file);
    if (!kept || kept.sample.stamp !== sample)
      throw new Fault('missing', 'This sample is no longer available; make a new one.');
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
    if (!original) throw new Fault('missing', `The original of ${name} is no longer in the vault.`);
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
