import { rm } from 'node:fs/promises';
import type { Agent } from 'node:https';
import path from 'node:path';
import type { Caller } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { type Grant, LOG_LENGTH, MOST_AHEAD } from '../../src-shared/lease.ts';
import { faultPoint } from '../fault.ts';
import { sha256 } from '../hash.ts';
import { Bandwidth } from './bandwidth.ts';
import { fetchFile } from './fetch.ts';
import { persist } from './retry.ts';
import { isReadable, type Storage } from './storage.ts';
import type { Result, Transfer, TransferWork } from './transfer.ts';

/** A result that arrives damaged so often is not damaged by the network alone. */
const DAMAGED = 3;

/** The way to the master. */
export interface Route {
  call: Caller;
  /** `https://host:port` */
  origin: string;
  /** For requests to the origin. */
  agent: Agent;
}

/** Files between this worker and a master on another computer: read from shared storage where that is proven, else fetched. */
export class RemoteTransfer implements Transfer {
  readonly ahead = MOST_AHEAD;
  readonly #route: Route;
  readonly #storage: Storage;
  readonly #down = new Bandwidth();
  readonly #up = new Bandwidth();

  constructor(route: Route, storage: Storage) {
    this.#route = route;
    this.#storage = storage;
  }

  limit(rate: number | null): void {
    this.#down.limit(rate);
    this.#up.limit(rate);
  }

  async needs(grant: Grant): Promise<number> {
    // Cut off from the master, nobody knows: there is room for either case then.
    const inPlace = await this.#storage.locate(grant).catch(() => undefined);
    return inPlace === undefined ? grant.size : 0;
  }

  async source(grant: Grant, work: TransferWork): Promise<string> {
    const { folder, signal, report } = work;
    const inPlace = await persist(signal, () => this.#storage.locate(grant));
    if (inPlace !== undefined) return inPlace;
    const { task, epoch, size, version } = grant;
    const file = fetchedFile(grant, folder);
    const route = this.#route;
    report({ stage: 'fetching', share: 0 });
    await fetchFile({
      // Read for every request: the master may move meanwhile.
      get url() {
        return `${route.origin}/tasks/${task}/source?epoch=${epoch}`;
      },
      agent: this.#route.agent,
      etag: `"${version}"`,
      size,
      file,
      bandwidth: this.#down,
      signal,
      onProgress: (bytes) => report({ stage: 'fetching', share: bytes / size }),
    });
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
    let damages = 0;
    await persist(signal, async () => {
      await uploadFile({
        url: `${this.#route.origin}/uploads/${task}-${epoch}`,
        agent,
        file,
        bandwidth: this.#up,
        signal,
        onProgress: (bytes, size) => report({ stage: 'uploading', share: bytes / size }),
      });
      faultPoint('uploaded');
      try {
        const log = facts.log.slice(-LOG_LENGTH);
        await call('job.deliver', { task, epoch, sha256: await hashing, ...facts, log });
      } catch (error) {
        if (!(error instanceof Fault && error.code === 'conflict')) throw error;
        damages += 1;
        if (damages < DAMAGED) throw error;
        throw new Error(
          `Its result arrived damaged ${DAMAGED} times; check the memory of this computer and of the master, and the network.`,
          { cause: error },
        );
      }
    });
  }
}

/** Where a film lies that was fetched under a lease. */
function fetchedFile(grant: Grant, folder: string): string {
  return path.join(folder, `source${path.extname(grant.path)}`);
}
