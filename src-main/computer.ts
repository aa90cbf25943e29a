import { statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import type { Capabilities, Computer } from '../src-shared/worker-info.ts';

/** Bytes free on the disk of a folder that may not exist yet; 0 where that cannot be told. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    const parent = path.dirname(folder);
    return parent === folder ? 0 : freeBytes(parent);
  }
}

/**
 * What this computer has to work with now.
 * @param temp the folder for unfinished results
 */
export async function describeComputer(temp: string, ffmpeg: Capabilities): Promise<Computer> {
  return { cores: os.availableParallelism(), memory: os.totalmem(), tempFree: await freeBytes(temp), ffmpeg };
}
