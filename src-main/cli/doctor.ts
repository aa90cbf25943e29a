import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import type { Finding } from '../../src-shared/insights.ts';
import { resolveSettings } from '../../src-shared/settings.ts';
import { dataPaths } from '../config.ts';
import { backupFinding } from '../db/backups.ts';
import { DEFAULT_TOOLS } from '../media/capabilities.ts';
import { examine } from '../media/doctor.ts';
import { ProcessManager } from '../media/process.ts';
import { EXIT } from './main.ts';
import { addDataOption, type CommonOptions } from './options.ts';

/** `flotilla doctor` */
export function doctorCommand(finish: (code: number) => void): Command {
  const command = new Command('doctor')
    .description('check ffmpeg, its encoders, the folders and their space; each line is ok or says what to do')
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { json?: true }) => {
      const findings = await examineComputer(options.data);
      if (options.json) process.stdout.write(`${JSON.stringify(findings)}\n`);
      else
        for (const { ok, what, advice } of findings)
          process.stdout.write(`${ok ? 'ok  ' : 'BAD '} ${what}${ok || !advice ? '' : `: ${advice}`}\n`);
      finish(findings.every((f) => f.ok) ? EXIT.ok : EXIT.failed);
    });
  return addDataOption(command);
}

async function examineComputer(dataDir: string): Promise<Finding[]> {
  const notes = await mkdtemp(path.join(os.tmpdir(), 'flotilla-doctor-'));
  try {
    const { values } = resolveSettings({ env: process.env });
    const temp = values.tempDir ?? dataPaths(dataDir).temp;
    const folders = { data: dataDir, temp, libraries: values.mediaDirs };
    const findings = await examine(await ProcessManager.create(notes), DEFAULT_TOOLS, folders);
    const { database, backups } = dataPaths(dataDir);
    // A computer that only works for another one has no database.
    return existsSync(database) ? [...findings, backupFinding(backups)] : findings;
  } finally {
    await rm(notes, { recursive: true, force: true });
  }
}
