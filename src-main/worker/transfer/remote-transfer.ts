import { rm } from 'node:fs/promises';
import type { Agent } from 'node:https';
import path from 'node:path';
import type { Caller } from '../../../src-shared/contract/index.ts';
import type { ChunkFacts, ChunkLease } from '../../../src-shared/jobs/chunk-lease.ts';
import { type Grant, LOG_LENGTH, MAX_AHEAD } from '../../../src-shared/jobs/lease.ts';
import { type ByteRange, bytesIn } from '../../../src-shared/util/byte-ranges.ts';
import { sha256 } from '../../fs/sha256.ts';
import { faultPoint } from '../../util/fault-injection.ts';
import { Bandwidth } from './bandwidth.ts';
import type { ChunkTransfer } from './chunk-transfer.ts';
import { downloadFile, type FetchRequest } from './download.ts';
import { retryWhileLeased, sendIntact } from './retry.ts';
import { isReadable, type SharedStorage } from './shared-storage.ts';
import type { PartialFetch, Result, Transfer, TransferWork } from './transfer.ts';

/** The way to the master. */
export interface Route {
  call: Caller;
  /** `https://host:port` */
  origin: string;
  /** For requests to the origin. */
  agent: Agent;
}

/** Files between this worker and a master on another computer: read from shared storage where that is proven, else fetched. */
export class RemoteTransfer implements Transfer, ChunkTransfer {
  readonly ahead = MAX_AHEAD;
  readonly #route: Route;
  readonly #storage: SharedStorage;
  readonly #down = new Bandwidth();
  readonly #up = new Bandwidth();

  constructor(route: Route, storage: SharedStorage) {
    this.#route = route;
    this.#storage = storage;
  }

  limit(rate: number | null): void {
    this.#down.limit(rate);
    this.#up.limit(rate);
  }

  async needs(grant: Grant): Promise<number> {
    // Unknown while disconnected from the master: room is reserved for either case then.
    const inPlace = await this.#storage.resolve(grant).catch(() => undefined);
    return inPlace === undefined ? grant.size : 0;
  }

  async source(grant: Grant, work: TransferWork, part?: PartialFetch): Promise<string> {
    const { folder, signal, report } = work;
    const inPlace = await retryWhileLeased(signal, () => this.#storage.resolve(grant));
    if (inPlace !== undefined) return inPlace;
    const { task, epoch, size, version } = grant;
    const file = fetchedFile(grant, folder);
    const route = this.#route;
    report({ stage: 'fetching', share: 0 });
    const fetch = (onProgress: FetchRequest['onProgress'], range?: ByteRange) =>
      downloadFile({
        // Read for every request, since the master may move.
        get url() {
          return `${route.origin}/tasks/${task}/source?epoch=${epoch}`;
        },
        ...{ agent: route.agent, etag: `"${version}"`, size, file, range, bandwidth: this.#down, signal, onProgress },
      });
    if (part) await fetchMissing(part, fetch, report);
    else await fetch((bytes) => report({ stage: 'fetching', share: bytes / size }));
    return file;
  }

  holds(grant: Grant, source: string): Promise<boolean> {
    return isReadable(source, grant.size);
  }

  async deliver(grant: Grant, result: Result, { folder, signal, report }: TransferWork): Promise<void> {
    const { task, epoch } = grant;
    const { kind: _, file, ...facts } = result;
    const { call, agent } = this.#route;
    report({ stage: 'uploading', share: 0 });
    // Its room is wanted for the next one.
    await rm(fetchedFile(grant, folder), { force: true });
    const hashing = sha256(file, signal);
    hashing.catch(() => undefined);
    const { uploadFile } = await import('./upload.ts');
    await sendIntact('Its result', signal, {
      send: async () => {
        await uploadFile({
          url: `${this.#route.origin}/uploads/${task}-${epoch}`,
          agent,
          file,
          bandwidth: this.#up,
          signal,
          onProgress: (bytes, size) => report({ stage: 'uploading', share: bytes / size }),
        });
        faultPoint('uploaded');
      },
      confirm: async () => {
        const log = facts.log.slice(-LOG_LENGTH);
        await call('job.deliver', { task, epoch, sha256: await hashing, ...facts, log });
      },
    });
  }

  async sendChunk(lease: ChunkLease, file: string, signal: AbortSignal): Promise<void> {
    const { putFile } = await import('./put-file.ts');
    await retryWhileLeased(signal, () => {
      const { agent, origin } = this.#route;
      return putFile({ url: `${origin}${chunkPath(lease)}`, agent, file, bandwidth: this.#up, signal });
    });
  }

  async fetchChunk(
    { size, sha256: hash, ...lease }: ChunkLease & Pick<ChunkFacts, 'size' | 'sha256'>,
    file: string,
    signal: AbortSignal,
  ): Promise<void> {
    const route = this.#route;
    await downloadFile({
      // Read for every request, since the master may move.
      get url() {
        return `${route.origin}${chunkPath(lease)}`;
      },
      ...{ agent: route.agent, etag: `"${hash}"`, size, file, bandwidth: this.#down, signal },
      onProgress: () => undefined,
    });
  }
}

/** Path of a chunk on the master. */
const chunkPath = ({ task, epoch, from, to }: ChunkLease) => `/chunks/${task}-${epoch}/${from}-${to}`;

/** Where a video lies that was fetched under a lease. */
function fetchedFile(grant: Grant, folder: string): string {
  return path.join(folder, `source${path.extname(grant.path)}`);
}

/** Fetches what isn't there yet of what is wanted. */
async function fetchMissing(
  { fetched, wanted }: PartialFetch,
  fetch: (onProgress: FetchRequest['onProgress'], range: ByteRange) => Promise<void>,
  report: TransferWork['report'],
): Promise<void> {
  const missing = fetched.missing(wanted);
  const [before, all] = [fetched.count, bytesIn(missing)];
  for (const range of missing) {
    const onProgress = (position: number) => {
      fetched.add([range[0], position]);
      report({ stage: 'fetching', share: (fetched.count - before) / all });
    };
    await fetch(onProgress, range);
  }
}
