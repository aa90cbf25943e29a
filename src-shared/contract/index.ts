/** THE schema: every call and every event between the interface, workers, and the master. */
export type { Access } from './call.ts';
export * from './calls.ts';
export { ChunkList } from './chunks.ts';
export * from './events.ts';
export { FileChanged } from './file-view.ts';
export { JobLog } from './jobs.ts';
export { LibraryView, ScanReport } from './libraries.ts';
export { Live, Summary } from './queue.ts';
export { Setup } from './system.ts';
export { VaultEntry } from './vault.ts';
export * from './worker-events.ts';
