/** Converts the videos of a folder once each, and tells what became of every stream of every one. */
import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VaultEntry } from '../../../src-shared/contract/index.ts';
import { convert, type Line, type Run, run } from './cli.ts';
import { copyMedia, SHARED } from './clips.ts';
import { FFMPEGS, type Ffmpeg } from './ffmpegs.ts';
import { filesIn, sha256 } from './files.ts';
import { type ProbedStream, packetTimes, probe } from './media-probe.ts';
import { makeHome, tempFolder } from './temp.ts';

export interface Done {
  /** Frames of the result. */
  frames: number;
  /** Its streams, in order. */
  streams: string[];
  /** Streams of the source that are left out, with what the plan calls them. */
  left: Record<number, RegExp>;
  /** Streams of the source that become texts, and turn out to have none. */
  empty: number[];
  /** Tracks that were inside the pictures, and have labels of our own. */
  added: number;
  /** Frames come from packets without times, or from two of them each, so that times cannot be compared one by one. */
  untimed: boolean;
}

/** A video that is converted. */
export const done = (frames: number, ...streams: string[]): Done => ({
  frames,
  streams,
  left: {},
  empty: [],
  added: 0,
  untimed: false,
});
/** A video that is converted without some of its streams. */
export const without = (left: Done['left'], clip: Done): Done => ({ ...clip, left });
export const withEmpty = (empty: number[], clip: Done): Done => ({ ...clip, empty });
export const withCaptions = (clip: Done): Done => ({ ...clip, added: 1 });
export const untimed = (clip: Done): Done => ({ ...clip, untimed: true });

export type Outcome = Done | string;

/** Tells whether an ffmpeg has something, by one of its lists. */
export const lists = (list: string, name: string, ffmpeg = 'ffmpeg') =>
  execaSync(ffmpeg, ['-hide_banner', ...`-${list}`.split(' ')]).stdout.includes(name);

/** Leaves the first seconds of a video, streams as they are. */
function cut(clip: string, seconds: number): void {
  const whole = `${clip}.whole`;
  renameSync(clip, whole);
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-i', whole, '-map', '0', '-c', 'copy', '-t', String(seconds), clip]);
  rmSync(whole);
}
/** No video by its name, so that scans pass it by. */
const isVideo = (name: string) => !/\.(md|sh|mp3)$/.test(name);
export const resultOf = (name: string) => `${path.parse(name).name}.mkv`;
/** Matroska counts in whole milliseconds: source and result may each be rounded by half of one. */
const ROUNDING = 0.0011;
const FLAGS = ['default', 'forced', 'hearing_impaired', 'visual_impaired', 'original', 'comment'];

export const isCover = (stream: ProbedStream) => stream.disposition.attached_pic === 1;
export const tag = (stream: ProbedStream, name: string) =>
  Object.entries(stream.tags ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];

/** A stream in the words of the tables above. */
function inWords(stream: ProbedStream): string | undefined {
  if (isCover(stream) || stream.codec_type === 'attachment') return tag(stream, 'filename');
  if (stream.codec_type === 'video') return `${stream.codec_name} ${stream.width}x${stream.height}`;
  if (stream.codec_type === 'audio') return `${stream.codec_name} ${stream.channel_layout ?? stream.channels}`;
  return stream.codec_name;
}

/** Language, title and flags, which a conversion keeps. */
function labels(stream: ProbedStream) {
  const language = tag(stream, 'language');
  const isText = isCover(stream) || stream.codec_type === 'attachment';
  return {
    kind: isText ? 'attachment' : stream.codec_type,
    language: language === 'und' ? undefined : language,
    title: tag(stream, 'title'),
    flags: isText ? [] : FLAGS.filter((flag) => stream.disposition[flag] === 1),
  };
}

/** Streams of a source in the order of its result: pictures, sound and texts, then attachments, then covers. */
export function kept(streams: ProbedStream[], { left, empty }: Pick<Done, 'left' | 'empty'>): ProbedStream[] {
  const rank = (stream: ProbedStream) => (isCover(stream) ? 2 : stream.codec_type === 'attachment' ? 1 : 0);
  return streams.filter((s) => !(s.index in left || empty.includes(s.index))).sort((a, b) => rank(a) - rank(b));
}

/** Bytes of an attachment or a cover. */
export function attachmentBytes(file: string, stream: ProbedStream): Buffer {
  const out = path.join(path.dirname(file), '..', `attachment-${stream.index}`);
  const args = isCover(stream)
    ? ['-i', file, '-map', `0:${stream.index}`, '-c', 'copy', '-f', 'image2', '-update', '1', out]
    : [`-dump_attachment:${stream.index}`, out, '-i', file];
  // Without an output ffmpeg calls a mere dump an error.
  execaSync('ffmpeg', ['-nostdin', '-v', 'quiet', '-y', ...args], { reject: false });
  return readFileSync(out);
}

export function mainVideo(file: string): ProbedStream {
  const video = probe(file).streams.find((s) => s.codec_type === 'video' && !isCover(s));
  if (!video) throw new Error(`${file} has no video`);
  return video;
}

/**
 * Converts a folder's videos and looks into what became of them.
 * @param options `more`: tests of the library that there is then; `ffmpeg`: which one does it, for another than the installed one
 *   the table tells of a part of the folder; `cutAfter`: seconds of videos of which the first ones will do
 */
export function describeMedia(
  folder: 'zoo' | 'media',
  table: Record<string, Outcome>,
  options: { more?: (media: () => string) => void; ffmpeg?: Ffmpeg; cutAfter?: Record<string, number> } = {},
): void {
  const { more, ffmpeg = FFMPEGS[0] as Ffmpeg, cutAfter = {} } = options;
  const { env, installed } = ffmpeg;
  const source = path.join(SHARED, folder);
  if (!existsSync(source)) {
    it(`converts the videos of ../shared/${folder}`, ({ skip }) => skip(`../shared/${folder} is not there`));
    return;
  }
  describe(`the videos of ../shared/${folder} with ${ffmpeg.name}`, () => {
    const originals = tempFolder();
    let home: ReturnType<typeof makeHome>;
    let conversion: Run;
    let vault: Map<string, VaultEntry>;
    let said: Map<string, Line>;
    beforeAll(async () => {
      home = makeHome();
      copyMedia(source, originals, (name) => name in table);
      for (const [name, seconds] of Object.entries(cutAfter)) {
        const clip = path.join(originals, name);
        if (existsSync(clip)) cut(clip, seconds);
      }
      copyMedia(originals, home.media, () => true);
      conversion = await convert(home.data, [home.media], ['--testing', '--data-streams', 'drop'], {
        // Without waiting for other tests, which are short.
        env: { ...env, NICE_LEVEL: '0' },
      });
      const list = await run(['vault', 'list', '--json', '--data', home.data]);
      const entries = JSON.parse(list.stdout) as VaultEntry[];
      vault = new Map(entries.map((entry) => [path.basename(entry.original), entry]));
      said = new Map(conversion.lines.filter((l) => l.type === 'file').map((line) => [String(line.path), line]));
    }, 1_800_000);

    it('ends well, with a summary of all', () => {
      const skipped = Object.values(table).filter((outcome) => typeof outcome === 'string').length;
      expect(conversion).toMatchObject({ code: 0, stderr: '' });
      const counts = { done: Object.keys(table).length - skipped, ...(skipped > 0 && { skipped }) };
      expect(conversion.lines.at(-1)).toMatchObject({ type: 'summary', files: Object.keys(table).length, counts });
    });

    it.runIf(installed)('knows every video of the folder', () => {
      expect(readdirSync(source).filter((name) => /\.\w{2,4}$/.test(name) && isVideo(name))).toEqual(
        Object.keys(table).sort((a, b) => (a < b ? -1 : 1)),
      );
    });

    it('leaves results, skipped videos, the vault, and nothing else', () => {
      const results = Object.entries(table).map(([name, o]) => (typeof o === 'string' ? name : resultOf(name)));
      const ids = [...vault.values()].flatMap(({ id }) => [`${id}.json`, `${id}.original`]);
      const keepOut = ['.ignore', '.nomedia', '.plexignore'].map((name) => `.flotilla/${name}`);
      expect(filesIn(home.media)).toEqual(
        [...results, ...keepOut, ...ids.map((name) => `.flotilla/vault/${name}`)].sort(),
      );
      expect(filesIn(path.join(home.data, 'temp'))).toEqual([]);
      expect(filesIn(path.join(home.data, 'children'))).toEqual([]);
    });

    describe.for(Object.entries(table))('%s', ([name, outcome]) => {
      const original = path.join(originals, name);
      const result = () => path.join(home.media, resultOf(name));

      if (typeof outcome === 'string') {
        it(`is skipped: ${outcome}`, () => {
          expect(said.get(name)).toMatchObject({ state: 'skipped', code: outcome });
          expect(said.get(name)?.reason).toMatch(/^[A-Z].*\.$/);
          expect(sha256(path.join(home.media, name))).toBe(sha256(original));
        });
        return;
      }

      it('is replaced, and kept in the vault as it was', () => {
        const end = said.get(resultOf(name)) ?? said.get(name);
        expect(end).toMatchObject({ state: 'done', reason: null });
        expect(end).toMatchObject({ sourceSize: lstatSync(original).size, resultSize: lstatSync(result()).size });
        const file = path.join(home.media, '.flotilla/vault', `${vault.get(name)?.id}.original`);
        expect(sha256(file)).toBe(sha256(original));
        expect(vault.get(name)).toMatchObject({ result: result(), keepUntil: null });
        // To the microsecond, which is what utimes takes in seconds keep.
        expect(Math.abs(lstatSync(result()).mtimeMs - lstatSync(file).mtimeMs)).toBeLessThan(0.002);
      });

      it('keeps its streams, their names and flags, and its chapters', () => {
        const [before, after] = [probe(original), probe(result())];
        expect(after.streams.map(inWords)).toEqual(outcome.streams);
        const own = after.streams.slice(0, after.streams.length - outcome.added);
        expect(own.map(labels)).toEqual(kept(before.streams, outcome).map(labels));
        const chapters = ({ chapters: all }: typeof before) =>
          all.map((c) => [Number(c.start_time).toFixed(2), Number(c.end_time).toFixed(2), c.tags?.title]);
        expect(chapters(after)).toEqual(chapters(before));
        expect(after.format.format_name).toBe('matroska,webm');
      });

      it('keeps every frame at its time', () => {
        const to = packetTimes(result(), mainVideo(result()).index);
        expect(to).toHaveLength(outcome.frames);
        if (outcome.untimed) return;
        const from = packetTimes(original, mainVideo(original).index);
        expect(from).toHaveLength(outcome.frames);
        const shift = (to[0] ?? 0) - (from[0] ?? 0);
        const moved = from.map((time, i) => Math.abs((to[i] ?? Number.NaN) - time - shift));
        expect(Math.max(...moved)).toBeLessThanOrEqual(ROUNDING);
      });

      if (Object.keys(outcome.left).length === 0 || !installed) return;
      it('is planned with a reason for each stream that is left out', async () => {
        const { stdout } = await run(['plan', original, '--json', '--data', home.data, '--data-streams', 'drop']);
        const { plan } = JSON.parse(stdout) as {
          plan: { streams: { action: string; source: number; from: string; why?: string }[] };
        };
        const left = plan.streams.filter((s) => s.action === 'drop');
        expect(left.map((s) => s.source)).toEqual(Object.keys(outcome.left).map(Number));
        for (const { source: index, from, why } of left) {
          expect(from).toMatch(outcome.left[index] as RegExp);
          expect(why).toMatch(/^(Matroska |the chapters themselves hold their titles|it only |its timecode )/);
        }
      });
    });

    more?.(() => home.media);
  });
}
