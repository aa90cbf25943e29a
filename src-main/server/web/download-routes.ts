import { createReadStream, createWriteStream, existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import { ZipFile } from 'yazl';
import type { Caller, CallName } from '../../../src-shared/contract/index.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import { copyInThread, proveDatabase } from '../../db/backups.ts';
import { logFiles } from '../../log/log-files.ts';
import { redact } from '../../log/redact.ts';
import { dataPaths } from '../../platform/data-paths.ts';
import type { Access } from '../auth/access.ts';

/** A database of a million videos has about a third of this, in bytes. */
const MAX_BACKUP_SIZE = 4_000_000_000;

/** Calls whose replies are part of the support bundle. */
const SUPPORT_CALLS = [
  'about',
  'doctor',
  'settings.get',
  'table.get',
  'library.list',
  'worker.list',
  'queue.summary',
  'backup.get',
] as const satisfies CallName[];

interface Parts {
  access: Access;
  call: Caller;
  dataDir: string;
}

/** Names of temporary folders of transfers; leftovers of a crash are removed at the next start. */
const UNFINISHED = /^(?:download|upload)-\w+$/;

/** Passes an uploaded file on until it is too large. */
async function* withinLimit(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > MAX_BACKUP_SIZE) throw new Fault('usage', 'This file is too large for a backup of Flotilla.');
    yield chunk;
  }
}

const today = () => new Date().toISOString().slice(0, 10);

/** Large downloads and uploads: a backup of the database, the log, and the support bundle. */
export function downloadRoutes({ access, call, dataDir }: Parts): Router {
  const router = Router();
  const paths = dataPaths(dataDir);
  for (const name of readdirSync(dataDir))
    if (UNFINISHED.test(name)) rmSync(path.join(dataDir, name), { recursive: true, force: true });

  router.get('/backup', async (request, response) => {
    access.require(request);
    const folder = await mkdtemp(path.join(dataDir, 'download-'));
    try {
      const copy = path.join(folder, 'flotilla.db');
      await copyInThread(paths.database, copy);
      response.attachment(`flotilla-${today()}.db`);
      response.set('Content-Length', String((await stat(copy)).size));
      await pipeline(createReadStream(copy), response);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  router.post('/backup', async (request, response) => {
    access.require(request);
    const folder = await mkdtemp(path.join(dataDir, 'upload-'));
    try {
      const uploaded = path.join(folder, 'uploaded.db');
      await pipeline(request, withinLimit, createWriteStream(uploaded, { mode: 0o600 }));
      proveDatabase(uploaded, 'This file');
      await rename(uploaded, paths.pendingRestore);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    response.json(await call('backup.get', {}));
  });

  router.get('/logs', async (request, response) => {
    access.require(request);
    response.attachment(`flotilla-${today()}.log`).type('text/plain');
    for (const file of logFiles(paths.logs)) await pipeline(createReadStream(file), response, { end: false });
    response.end();
  });

  router.get('/support', async (request, response) => {
    access.require(request);
    const zip = new ZipFile();
    for (const name of SUPPORT_CALLS) {
      const answer = await (call as (name: string, input: object) => Promise<unknown>)(name, {}).catch((error) => ({
        problem: messageOf(error),
      }));
      zip.addBuffer(Buffer.from(redact(JSON.stringify(answer, null, 2))), `${name}.json`);
    }
    for (const file of logFiles(paths.logs)) if (existsSync(file)) zip.addFile(file, `logs/${path.basename(file)}`);
    zip.end();
    response.attachment(`flotilla-support-${today()}.zip`);
    await pipeline(zip.outputStream, response);
  });
  return router;
}
