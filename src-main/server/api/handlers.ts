import type { Handlers } from '../../../src-shared/contract/index.ts';
import { type AccessHandlerParts, accessHandlers } from './access.ts';
import { type BackupHandlerParts, backupHandlers } from './backup.ts';
import { type ChunkHandlerParts, chunkHandlers } from './chunks.ts';
import { type FileHandlerParts, fileHandlers } from './files.ts';
import { type FleetHandlerParts, fleetHandlers } from './fleet.ts';
import { type ForecastHandlerParts, forecastHandlers } from './forecast.ts';
import { type HistoryHandlerParts, historyHandlers } from './history.ts';
import { type JobHandlerParts, jobHandlers } from './jobs.ts';
import { type LibraryHandlerParts, libraryHandlers } from './libraries.ts';
import { type LogHandlerParts, logHandlers } from './logs.ts';
import { type QueueHandlerParts, queueHandlers } from './queue.ts';
import { type SystemHandlerParts, systemHandlers } from './system.ts';
import { type VaultHandlerParts, vaultHandlers } from './vault.ts';

/** What all handlers need together. */
export type HandlerParts = AccessHandlerParts &
  BackupHandlerParts &
  ChunkHandlerParts &
  HistoryHandlerParts &
  LogHandlerParts &
  FileHandlerParts &
  FleetHandlerParts &
  ForecastHandlerParts &
  JobHandlerParts &
  LibraryHandlerParts &
  QueueHandlerParts &
  SystemHandlerParts &
  VaultHandlerParts;

/** Returns the functions behind the contract: one file for each file of the contract. */
export function makeHandlers(parts: HandlerParts): Handlers {
  return {
    ...systemHandlers(parts),
    ...fleetHandlers(parts),
    ...queueHandlers(parts),
    ...libraryHandlers(parts),
    ...fileHandlers(parts),
    ...forecastHandlers(parts),
    ...vaultHandlers(parts),
    ...jobHandlers(parts),
    ...chunkHandlers(parts),
    ...accessHandlers(parts),
    ...backupHandlers(parts),
    ...historyHandlers(parts),
    ...logHandlers(parts),
  };
}
