import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import type { Finding } from '../../src-shared/contract/stats-view.ts';
import { resolveSettings } from '../../src-shared/settings/settings.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { backupFinding } from '../db/backups.ts';
import { examine } from '../media/ffmpeg/doctor.ts';
import { type FoundTools, findTools } from '../media/ffmpeg/find-tools.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { dataPaths } from '../platform/data-paths.ts';
import { EXIT } from './exit-codes.ts';
import { addDataOption, addSettingOptions, type CommonOptions, settingFlags } from './options.ts';
import { print, printJson } from './print.ts';

/** `flotilla doctor` */
export function doctorCommand(finish: (code: number) => void): Command {
  const command = new Command('doctor')
    .description('check ffmpeg, its encoders, the folders, and their space; each line is ok or says what to do')
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { json?: true }) => {
      const findings = await examineComputer(options);
      if (options.json) printJson(findings);
      else
        for (const { ok, what, advice } of findings)
          print(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok || !advice ? '' : `: ${advice}`}`);
      finish(findings.every((f) => f.ok) ? EXIT.ok : EXIT.failed);
    });
  return addDataOption(addSettingOptions(command, ['ffmpegPath']));
}

async function examineComputer(options: CommonOptions): Promise<Finding[]> {
  const notes = await mkdtemp(path.join(os.tmpdir(), 'flotilla-doctor-'));
  try {
    const { values } = resolveSettings({ flags: settingFlags(options), env: process.env });
    const { data } = options;
    const { database, backups, temp } = dataPaths(data);
    const folders = { data, temp: values.tempDir ?? temp, libraries: values.mediaDirs };
    const findings = await examine(await ProcessManager.create(notes), toolsOr(values.ffmpegPath), folders);
    // A computer that only works for another one has no database.
    return existsSync(database) ? [...findings, backupFinding(backups)] : findings;
  } finally {
    await rm(notes, { recursive: true, force: true });
  }
}

/** Returns the programs, or why there are none, so that everything else is examined anyway. */
function toolsOr(chosen: string | null): FoundTools | Fault {
  try {
    return findTools(chosen);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
