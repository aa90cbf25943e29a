import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Finding } from '../../../src-shared/contract/stats-view.ts';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import { missingDecoders } from '../../../src-shared/plan/decoders.ts';
import { formatBytes } from '../../../src-shared/text/format.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import { userName } from '../../platform/computer.ts';
import { selfTest } from '../self-test.ts';
import { detectCapabilities, type Tools, tooOld } from './capabilities.ts';
import type { FoundTools } from './find-tools.ts';
import type { ProcessManager } from './process-manager.ts';

/** Less room than this for unfinished results or in a library is worth a warning, in bytes. */
const LITTLE_ROOM = 20_000_000_000;
/** The same for the data folder. */
const LITTLE_DATA = 100_000_000;

/** Folders to be examined: Flotilla's own are made, a library is not. */
export interface Folders {
  data: string;
  temp: string;
  libraries: readonly string[];
}

/**
 * Examines what Flotilla needs on this computer; nothing is thrown, each finding says what to do.
 * @param tools the programs, or why there are none
 */
export async function examine(
  processes: ProcessManager,
  tools: FoundTools | Error,
  folders: Folders,
): Promise<Finding[]> {
  for (const own of [folders.data, folders.temp]) await mkdir(own, { recursive: true }).catch(() => undefined);
  return [
    { ok: true, what: `Node.js ${process.versions.node}` },
    ...(tools instanceof Error
      ? [{ ok: false, what: 'ffmpeg', advice: tools.message }]
      : [...(await examineFfmpeg(processes, tools)), await examineFfprobe(processes, tools)]),
    await examineFolder('Data folder', folders.data, LITTLE_DATA),
    await examineFolder('Temporary folder', folders.temp, LITTLE_ROOM),
    ...(await Promise.all(folders.libraries.map((folder) => examineFolder('Library', folder, LITTLE_ROOM)))),
  ];
}

async function examineFfmpeg(processes: ProcessManager, tools: FoundTools): Promise<Finding[]> {
  let caps: Capabilities;
  try {
    caps = await detectCapabilities(processes, tools);
  } catch (error) {
    return [{ ok: false, what: 'ffmpeg', advice: messageOf(error) }];
  }
  const full = 'install a full build of ffmpeg 5.1 or newer';
  const undecodable = missingDecoders(caps);
  const part = (ok: boolean, what: string): Finding => ({ ok, what, advice: full });
  return [
    part(!tooOld(caps.version), `ffmpeg ${caps.version} (${tools.origin})`),
    part(caps.libsvtav1, 'encoder libsvtav1 (AV1)'),
    part(caps.libopus, 'encoder libopus (Opus)'),
    part(caps.bwdif, 'filter bwdif (deinterlacing)'),
    {
      ok: undecodable.length === 0,
      what: 'decoders of the usual codecs',
      advice: `${undecodable.join(', ')} cannot be decoded, so such videos are skipped and such audio is copied; ${full}`,
    },
    part(caps.svtav1Params, 'libsvtav1 takes HDR metadata'),
    await examineConversion(processes, tools, caps),
  ];
}

/** A conversion of a tiny video from end to end. */
async function examineConversion(processes: ProcessManager, tools: Tools, caps: Capabilities): Promise<Finding> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-self-test-'));
  try {
    const problem = await selfTest({ processes, tools, caps: async () => caps, folder });
    const what = `self-test (${caps.svtav1 ?? 'no SVT-AV1'})`;
    return { ok: problem === null, what, advice: `${problem} Install another build of ffmpeg.` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function examineFfprobe(processes: ProcessManager, tools: Tools): Promise<Finding> {
  try {
    const { stdout } = await processes.capture(tools.ffprobe, ['-version'], { timeoutMs: 10_000 });
    const version = /^ffprobe version (\S+)/.exec(stdout)?.[1];
    return {
      ok: version !== undefined,
      what: `ffprobe ${version ?? ''}`.trim(),
      advice: 'install ffmpeg, which brings it',
    };
  } catch (error) {
    return { ok: false, what: 'ffprobe', advice: messageOf(error) };
  }
}

async function examineFolder(name: string, folder: string, wanted: number): Promise<Finding> {
  const what = `${name} ${folder}`;
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    return {
      ok: free >= wanted,
      what: `${what}, ${formatBytes(free)} free`,
      advice: `less than ${formatBytes(wanted)}; free some space`,
    };
  } catch (error) {
    return {
      ok: false,
      what,
      advice: `${messageOf(error)}; make it readable and writable for ${userName()}`,
    };
  }
}
