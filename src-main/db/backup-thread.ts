/** The thread that makes a backup: copying and proving a large database takes seconds. Answers with why it failed, or with ''. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../src-shared/util/errors.ts';
import { type BackupRequest, copyDatabase } from './backups.ts';

const { database, file } = workerData as BackupRequest;
const failure = await copyDatabase(database, file).then(() => '', messageOf);
parentPort?.postMessage(failure);
