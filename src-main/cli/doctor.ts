import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { messageOf } from '../../src-shared/errors.ts';
import { formatBytes } from '../../src-shared/format.ts';
import { resolveSettings } from '../../src-shared/settings.ts';
import type { Capabilities } from '../../src-shared/worker-info.ts';
import { dataPaths } from '../config.ts';
import { DEFAULT_TOOLS, detectCapabilities } from '../media/capabilities.ts';
import { ProcessManager } from '../media/process.ts';
import { EXIT } from './main.ts';
import { addDataOption, type CommonOptions } from './options.ts';

/** Less room than this for unfinished results is worth a warning, in bytes. */
const LITTLE_ROOM = 20_000_000_000;

interface Finding {
  ok: boolean;
  what: string;
  /** What to do when it is not ok. */
  advice?: string;
}

/** `flotilla doctor` */
export function doctorCommand(finish: (code: number) => void): Command {
  const command = new Command('doctor')
    .description('check ffmpeg, its encoders, the folders and their space; each line is ok or says what to do')
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { json?: true }) => {
      const findings = await examine(options.data);
      if (options.json) process.stdout.write(`${JSON.stringify(findings)}\n`);
      else
        for (const { ok, what, advice } of findings)
          process.stdout.write(`${ok ? 'ok  ' : 'BAD '} ${what}${ok || !advice ? '' : `: ${advice}`}\n`);
      finish(findings.every((f) => f.ok) ? EXIT.ok : EXIT.failed);
    });
  return addDataOption(command);
}

async function examine(dataDir: string): Promise<Finding[]> {
  const findings: Finding[] = [{ ok: true, what: `Node.js ${process.versions.node}` }];
  const notes = await mkdtemp(path.join(os.tmpdir(), 'flotilla-doctor-'));
  try {
    const processes = await ProcessManager.create(notes);
    findings.push(...(await examineFfmpeg(processes)), await examineFfprobe(processes));
  } finally {
    await rm(notes, { recursive: true, force: true });
  }
  const { values } = resolveSettings({ env: process.env });
  findings.push(await examineFolder('Data folder', dataDir, 100_000_000));
  findings.push(await examineFolder('Temporary folder', values.tempDir ?? dataPaths(dataDir).temp, LITTLE_ROOM));
  for (const dir of values.mediaDirs) findings.push(await examineFolder('Library', dir, LITTLE_ROOM));
  return findings;
}

async function examineFfmpeg(processes: ProcessManager): Promise<Finding[]> {
  let caps: Capabilities;
  try {
    caps = await detectCapabilities(processes, DEFAULT_TOOLS);
  } catch (error) {
    return [{ ok: false, what: 'ffmpeg', advice: messageOf(error) }];
  }
  const full = 'install a full build of ffmpeg 5.1 or newer';
  const part = (ok: boolean, what: string): Finding => ({ ok, what, advice: full });
  return [
    { ok: true, what: `ffmpeg ${caps.version}` },
    part(caps.libsvtav1, 'encoder libsvtav1 (AV1)'),
    part(caps.libopus, 'encoder libopus (Opus)'),
    part(caps.bwdif, 'filter bwdif (deinterlacing)'),
    part(caps.svtav1Params, 'libsvtav1 takes HDR metadata'),
  ];
}

async function examineFfprobe(processes: ProcessManager): Promise<Finding> {
  try {
    const { stdout } = await processes.capture(DEFAULT_TOOLS.ffprobe, ['-version'], { timeoutMs: 10_000 });
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
    if (name !== 'Library') await mkdir(folder, { recursive: true });
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
      advice: `${messageOf(error)}; make it readable and writable for ${os.userInfo().username}`,
    };
  }
}
