import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Probe } from '../../src-shared/media/probe.ts';
import { DEFAULT_TABLES } from '../../src-shared/media/quality.ts';
import { encodeArgs, labelsOf } from '../../src-shared/plan/ffmpeg-args.ts';
import { makePlan } from '../../src-shared/plan/plan.ts';
import { resolveSettings } from '../../src-shared/settings/settings.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import { selfTestMemory } from '../platform/data-paths.ts';
import { VERSION } from '../platform/version.ts';
import { type AskCapabilities, requireEncoders, type Tools } from './ffmpeg/capabilities.ts';
import { inPath } from './ffmpeg/find-tools.ts';
import type { ProcessManager } from './ffmpeg/process-manager.ts';
import { Timelines } from './ffmpeg/timeline.ts';
import { Prober } from './probe/ffprobe.ts';
import { Verifier } from './verify/verify.ts';

const FRAMES = 12;
/** Frames a second: more than SVT-AV1 takes, as phones and screen recorders claim. */
const RATE = 300;
/** A call that takes this long, in ms, is of no use: together they take a second or two. */
const PATIENCE_MS = 60_000;

const TEXT = '1\n00:00:00,000 --> 00:00:00,040\nself-test\n';
const PICTURE = ['-f', 'lavfi', '-i', `testsrc2=s=128x96:r=${RATE}:d=${FRAMES / RATE}`];
const SOUND = ['-f', 'lavfi', '-i', `aevalsrc=${Array(6).fill('0.1*sin(2600*t)').join('|')}:c=5.1(side):d=0.2`];
const CODECS = ['-pix_fmt', 'yuv420p10le', '-c:v', 'ffv1', '-c:a', 'flac', '-c:s', 'srt'];
const COLOURS = ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'];
/** Values of an HDR10 display: every ffmpeg makes such pictures, but none writes such values without its AV1 encoder. */
const HDR10 = {
  mastering: {
    red: [0.68, 0.32] as [number, number],
    green: [0.265, 0.69] as [number, number],
    blue: [0.15, 0.06] as [number, number],
    white: [0.3127, 0.329] as [number, number],
    minLuminance: 0.005,
    maxLuminance: 1000,
  },
  contentLight: { maxCll: 1000, maxFall: 400 },
};
/** An input that nothing is taken from: a wrapper around ffmpeg can distinguish this call from the encode of a video. */
const MARK = ['-f', 'lavfi', '-i', 'anullsrc=d=0.1'];

/** Ffmpegs that are remembered: a few versions, in a few places. */
const REMEMBERED = 20;

/** Dependencies of a self-test. */
export interface SelfTestParts {
  processes: ProcessManager;
  tools: Tools;
  caps: AskCapabilities;
  /** Where its files are, for as long as it takes. */
  folder: string;
  signal?: AbortSignal;
}

/**
 * Converts a tiny generated video with surround sound, HDR10 values, a subtitle, and a rate that SVT-AV1 rejects, with the
 * arguments of a real conversion, and verifies the result like any other.
 * @returns the problem with this computer's ffmpeg; null when there is none
 */
export async function selfTest(parts: SelfTestParts): Promise<string | null> {
  try {
    requireEncoders(await parts.caps());
    await convertAndProve(parts);
    return null;
  } catch (error) {
    parts.signal?.throwIfAborted();
    return messageOf(error);
  }
}

/**
 * The same, but that an ffmpeg which passed is not tested again until it, or Flotilla, is another one.
 * @param memory file of those that passed
 */
export async function selfTestOnce(parts: SelfTestParts, memory = selfTestMemory()): Promise<string | null> {
  const stamp = await stampOf(parts).catch(() => undefined);
  const passed = await readFile(memory, 'utf8').then(
    (text) => text.split('\n').filter((line) => line !== ''),
    (): string[] => [],
  );
  if (stamp && passed.includes(stamp)) return null;
  const problem = await selfTest(parts);
  if (problem !== null || !stamp) return problem;
  const lines = [stamp, ...passed].slice(0, REMEMBERED);
  // Without a home it is tested at each start.
  await mkdir(path.dirname(memory), { recursive: true })
    .then(() => writeFile(memory, `${lines.join('\n')}\n`))
    .catch(() => undefined);
  return null;
}

/** Distinguishes this ffmpeg from any other, and from itself after an update. */
async function stampOf({ tools, caps }: SelfTestParts): Promise<string> {
  const { version, svtav1 } = await caps();
  const places = await Promise.all(
    [tools.ffmpeg, tools.ffprobe].map(async (program) => {
      const place = path.isAbsolute(program) ? program : (inPath(program) ?? program);
      const { size, mtimeMs } = await stat(place);
      return [place, size, mtimeMs];
    }),
  );
  return JSON.stringify([VERSION, version, svtav1, ...places]);
}

async function convertAndProve({ processes, tools, caps, folder, signal }: SelfTestParts): Promise<void> {
  const [texts, source, result] = ['test.srt', 'test.mkv', 'result.mkv'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  const ffmpeg = async (args: string[]) => {
    const options = { timeoutMs: PATIENCE_MS, ...(signal && { signal }) };
    const { end, stderr } = await processes.capture(tools.ffmpeg, args, options);
    if (end.kind !== 'exit' || end.code !== 0) throw new Error(failureIn(stderr) ?? `ffmpeg ended: ${end.kind}`);
  };
  await writeFile(texts, TEXT);
  const inputs = [...PICTURE, ...SOUND, '-f', 'srt', '-i', `file:${texts}`];
  const head = ['-nostdin', '-hide_banner', '-v', 'level+error', '-y'];
  await ffmpeg([...head, ...inputs, ...CODECS, ...COLOURS, '-f', 'matroska', `file:${source}`]);

  const prober = new Prober(processes, tools, caps);
  const sourceProbe = withHdr10(await prober.probe(source, signal));
  const plan = makePlan(sourceProbe, resolveSettings({}).values, DEFAULT_TABLES);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  const args = encodeArgs(
    { ...plan, streams: plan.streams.map((s) => (s.action === 'encode' ? { ...s, preset: 10 } : s)) },
    { input: source, output: result, covers: [] },
    await caps(),
    labelsOf(sourceProbe),
  );
  const behindInput = args.indexOf('-map');
  await ffmpeg([...args.slice(0, behindInput), ...MARK, ...args.slice(behindInput)]);

  const verifier = new Verifier({ processes, tools, caps, prober, timelines: new Timelines(processes, tools) });
  await verifier.verify({
    ...{
      source,
      sourceVersion: 'test',
      sourceProbe,
      plan,
      result,
      resultVersion: String((await stat(result)).mtimeMs),
    },
    ...{ decodedFrames: [FRAMES], captionLines: 0, damaged: false },
    ...(signal && { signal }),
  });
}

function withHdr10(probe: Probe): Probe {
  return { ...probe, streams: probe.streams.map((s) => (s.type === 'video' ? { ...s, ...HDR10 } : s)) };
}

/** The first error of a log is the cause, those after it are its consequences. */
function failureIn(log: string[]): string | undefined {
  const line = log.find((text) => /\[(error|fatal)\]|^Svt\[error/.test(text)) ?? log.at(-1);
  return line?.replace(/^(\[[^\]]*\]\s*)+/, '').trim();
}
