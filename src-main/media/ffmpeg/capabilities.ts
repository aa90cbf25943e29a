import { isKnownToHang } from '../../../src-shared/fleet/svt-av1.ts';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { ProcessManager } from './process-manager.ts';

/** The programs of this node. */
export interface Tools {
  ffmpeg: string;
  ffprobe: string;
}

/** From PATH. */
export const DEFAULT_TOOLS: Tools = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };

const ASK_MS = 20_000;

/** Returns the capabilities of this node's ffmpeg; rejects as {@link detectCapabilities} does. */
export type AskCapabilities = () => Promise<Capabilities>;

/** Asks when it is first wanted, and once. */
export function askOnce(processes: ProcessManager, tools: Tools): AskCapabilities {
  let asked: Promise<Capabilities> | undefined;
  return () => {
    asked ??= detectCapabilities(processes, tools);
    return asked;
  };
}

/**
 * Detects the capabilities of the installed ffmpeg. Its full help lists every option under the encoder, filter, or container that
 * has it, and prints its version on stderr: one start of ffmpeg replaces six.
 * @throws Fault `node` when it can't be started
 */
export async function detectCapabilities(processes: ProcessManager, tools: Tools): Promise<Capabilities> {
  const decoders = listDecoders(processes, tools);
  // The first call reports any fault of this ffmpeg.
  decoders.catch(() => undefined);
  const { stdout, stderr } = await processes.capture(tools.ffmpeg, ['-h', 'full'], { timeoutMs: ASK_MS });
  const version = /^ffmpeg version (\S+)/m.exec(stderr.join('\n'))?.[1];
  if (!version) throw new Fault('node', `${tools.ffmpeg} does not answer like ffmpeg; install ffmpeg 5.1 or newer.`);
  // The options before the first heading are those of ffmpeg itself.
  const [own = '', ...sections] = stdout.split(/^(?=\S.* AVOptions:$)/m);
  const of = (name: string) => sections.find((text) => text.startsWith(`${name} AVOptions:`));
  // What another version may list under another heading is asked for by its name.
  const part = async (kind: 'encoder' | 'filter', name: string) => {
    const listed = of(name);
    if (listed !== undefined) return listed;
    const help = await processes.capture(tools.ffmpeg, ['-hide_banner', '-h', `${kind}=${name}`], {
      timeoutMs: ASK_MS,
    });
    return help.stdout.toLowerCase().startsWith(`${kind} ${name}`) ? help.stdout : undefined;
  };
  const [svt, opus, bwdif] = [
    await part('encoder', 'libsvtav1'),
    await part('encoder', 'libopus'),
    await part('filter', 'bwdif'),
  ];
  const applyCropping = /^-apply_cropping/m.test(own);
  const trial = (timeBase: string) => (svt === undefined ? undefined : tryEncoder(processes, tools, timeBase));
  // The likely one first, to save a start: -1 is refused from 9.0 on, and demux up to 6.0.
  const legacy = applyCropping ? undefined : await trial('-1');
  const demuxed = legacy ? undefined : await trial('demux');
  const tried = legacy ?? demuxed ?? (applyCropping ? await trial('-1') : undefined);
  return {
    version,
    libsvtav1: svt !== undefined,
    svtav1: tried?.svtav1,
    libopus: opus !== undefined,
    fpsMode: /^-fps_mode/m.test(own),
    cuesToFront: of('matroska/webm muxer')?.includes('-cues_to_front ') ?? false,
    svtav1Params: svt?.includes(' -svtav1-params ') ?? false,
    bwdif: bwdif !== undefined,
    dolbyVisionCoding: svt?.includes(' -dolbyvision ') ?? false,
    applyCropping,
    demuxTimeBase: demuxed !== undefined,
    xpsnr: of('xpsnr') !== undefined,
    teletext: of('libzvbi_teletextdec') !== undefined,
    decoders: await decoders,
  };
}

/** Decoders that need hardware, which a computer may lack; ffmpeg's own av1 is one. */
const HARDWARE = /^av1$|_(amf|cuvid|mediacodec|mmal|nvmpi|oh|qsv|rkmpp|v4l2m2m|vaapi|videotoolbox)$/;

/** Lists the codecs that have a decoder of any name, as in `libdav1d … (codec av1)`. Experimental ones don't count. */
async function listDecoders(processes: ProcessManager, tools: Tools): Promise<string[] | undefined> {
  const { stdout } = await processes.capture(tools.ffmpeg, ['-hide_banner', '-decoders'], { timeoutMs: ASK_MS });
  const listed = stdout.matchAll(/^ [VAS][F.][S.]\.[B.][D.] ([\w.+-]+) .*?(?:\(codec ([\w.+-]+)\))?$/gm);
  const codecs = [...listed].flatMap(([, name = '', codec = name]) => (HARDWARE.test(name) ? [] : [codec]));
  return codecs.length > 0 ? [...new Set(codecs)].sort() : undefined;
}

/**
 * Encodes one frame with a time base: the help of no version lists the words that -enc_time_base takes, and only its own
 * log reports which SVT-AV1 it is.
 * @returns undefined when this ffmpeg refuses it
 */
async function tryEncoder(
  processes: ProcessManager,
  tools: Tools,
  timeBase: string,
): Promise<{ svtav1: string | undefined } | undefined> {
  const input = ['-f', 'lavfi', '-i', 'color=s=64x64:r=25:d=0.04', '-pix_fmt', 'yuv420p10le'];
  const output = ['-c:v', 'libsvtav1', '-preset', '10', '-enc_time_base', timeBase, '-f', 'null', '-'];
  const { end, stderr } = await processes.capture(
    tools.ffmpeg,
    ['-nostdin', '-hide_banner', '-v', 'error', ...input, ...output],
    // The level at which SVT-AV1 names itself; the program's own level keeps it silent.
    { timeoutMs: ASK_MS, env: { SVT_LOG: '3' } },
  );
  if (end.kind !== 'exit' || end.code !== 0) return undefined;
  const [, name, version] = /SVT \[version\]:\s*(\S+) Encoder Lib v?(\S+)/.exec(stderr.join('\n')) ?? [];
  return { svtav1: name && `${name} ${version}` };
}

/** True for a release before 5.1; builds between releases, whose version is no number, are taken for new ones. */
export function tooOld(version: string): boolean {
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  return major !== undefined && (Number(major) < 5 || (major === '5' && minor === '0'));
}

/**
 * Makes sure that this ffmpeg can convert videos.
 * @throws Fault `node` naming what is missing
 */
export function requireEncoders(caps: Capabilities): void {
  if (tooOld(caps.version))
    throw new Fault('node', `This ffmpeg (${caps.version}) is too old; Flotilla needs ffmpeg 5.1 or newer.`);
  if (isKnownToHang(caps)) {
    const advice = 'install an ffmpeg with another version of it.';
    throw new Fault(
      'node',
      `This ffmpeg (${caps.version}) has SVT-AV1 4.0.0, which hangs in the middle of a video; ${advice}`,
    );
  }
  const missing = (['libsvtav1', 'libopus', 'bwdif'] as const).filter((name) => !caps[name]);
  if (missing.length === 0) return;
  throw new Fault(
    'node',
    `This ffmpeg (${caps.version}) was built without ${missing.join(' and ')}; install a full build of ffmpeg.`,
  );
}
