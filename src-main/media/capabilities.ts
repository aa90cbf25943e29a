import { Fault } from '../../src-shared/errors.ts';
import type { Capabilities } from '../../src-shared/worker-info.ts';
import type { ProcessManager } from './process.ts';

/** The programs of this node. */
export interface Tools {
  ffmpeg: string;
  ffprobe: string;
}

/** From PATH. */
export const DEFAULT_TOOLS: Tools = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };

const ASK_MS = 20_000;

/**
 * Asks the installed ffmpeg what it can do.
 * @throws Fault `node` when it cannot be started
 */
export async function detectCapabilities(processes: ProcessManager, tools: Tools): Promise<Capabilities> {
  const ask = async (...args: string[]) =>
    (await processes.capture(tools.ffmpeg, ['-hide_banner', ...args], { timeoutMs: ASK_MS })).stdout;
  const version = /^ffmpeg version (\S+)/m.exec(await ask('-version'))?.[1];
  if (!version) throw new Fault('node', `${tools.ffmpeg} does not answer like ffmpeg; install ffmpeg 5.1 or newer.`);
  const [encoders, filters, options, matroska, svt] = await Promise.all([
    ask('-encoders'),
    ask('-filters'),
    ask('-h', 'long'),
    ask('-h', 'muxer=matroska'),
    ask('-h', 'encoder=libsvtav1'),
  ]);
  return {
    version,
    libsvtav1: /^\s*V\S*\s+libsvtav1\s/m.test(encoders),
    libopus: /^\s*A\S*\s+libopus\s/m.test(encoders),
    fpsMode: /^-fps_mode/m.test(options),
    cuesToFront: /-cues_to_front/.test(matroska),
    svtav1Params: /-svtav1-params/.test(svt),
    bwdif: /\sbwdif\s/.test(filters),
    dolbyVisionCoding: /-dolbyvision/.test(svt),
    applyCropping: /^-apply_cropping/m.test(options),
  };
}

/** True for a release before 5.1; builds between releases, whose version is no number, are taken for new ones. */
export function tooOld(version: string): boolean {
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  return major !== undefined && (Number(major) < 5 || (major === '5' && minor === '0'));
}

/**
 * Makes sure that this ffmpeg can convert films.
 * @throws Fault `node` naming what is missing
 */
export function requireEncoders(caps: Capabilities): void {
  if (tooOld(caps.version))
    throw new Fault('node', `This ffmpeg (${caps.version}) is too old; Flotilla needs ffmpeg 5.1 or newer.`);
  const missing = (['libsvtav1', 'libopus', 'bwdif'] as const).filter((name) => !caps[name]);
  if (missing.length === 0) return;
  throw new Fault(
    'node',
    `This ffmpeg (${caps.version}) was built without ${missing.join(' and ')}; install a full build of ffmpeg.`,
  );
}
