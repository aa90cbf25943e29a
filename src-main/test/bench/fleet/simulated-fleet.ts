import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Handlers } from '../../../../src-shared/contract/index.ts';
import { type Hello, PROTOCOL } from '../../../../src-shared/fleet/protocol.ts';
import { Capabilities } from '../../../../src-shared/fleet/worker-info.ts';
import { MAX_AHEAD } from '../../../../src-shared/jobs/lease.ts';
import { PROBE_REVISION, type Probe } from '../../../../src-shared/media/probe.ts';
import { openContext } from '../../../app/context.ts';
import { Lifecycle } from '../../../app/lifecycle.ts';
import { Master } from '../../../app/master.ts';
import type { NodeContext } from '../../../app/types.ts';
import { DiskSpace } from '../../../fs/disk-space.ts';
import { makeLog } from '../../../log/logger.ts';
import { identify, inodeOf, versionOf } from '../../../master/files/file-identity.ts';
import type { ProcessManager } from '../../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../../media/ffmpeg/timeline.ts';
import type { Verifier } from '../../../media/verify/verify.ts';
import { makeCaller } from '../../../server/api/caller.ts';
import { chunkHandlers } from '../../../server/api/chunks.ts';
import { jobHandlers } from '../../../server/api/jobs.ts';
import { ChunkConverter } from '../../../worker/encode/chunk-converter.ts';
import { Converter } from '../../../worker/encode/converter.ts';
import { Workspace } from '../../../worker/task/workspace.ts';
import type { ChunkTransfer } from '../../../worker/transfer/chunk-transfer.ts';
import { LocalTransfer } from '../../../worker/transfer/local-transfer.ts';
import type { Transfer } from '../../../worker/transfer/transfer.ts';
import { Worker } from '../../../worker/worker.ts';
import { contentText, HOUR, SimulatedPrograms, type Sound } from './simulated-programs.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Bytes of the original for each second of video: only ratios of sizes matter, and the disk of the bench is small. */
const BYTES_PER_SECOND = 100;
/** The longest simulation, in ms: hundreds of times what one computer takes for the queue. */
const MAX_MS = 1e10;
/** Never looks again whether its user is disturbed: there is none. */
const PACE = { tick: MAX_MS, rest: MAX_MS, clear: 0, hot: 0 };
const TOOLS = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', origin: 'the simulation' };

/** Who converts what. */
export interface FleetOptions {
  computers: number;
  /** Length of each video, in s. */
  videos: readonly number[];
  sound: Sound;
  /** Determines which scenes are hard to encode. */
  seed: number;
}

/** What a simulated fleet took, in s of its own time. */
export interface FleetTime {
  /** Until the last result was handed over to the master. */
  converted: number;
  /** Until the last original was replaced: with the proof, which the master makes alone. */
  replaced: number;
  /** Of all computers together, for encodes. */
  encoded: number;
  /** Real time of the simulation: the work of the master and of all workers, and of the simulation itself. */
  own: number;
}

function probeOf(seconds: number): Probe {
  const size = { width: 1280, height: 720, pixelFormat: 'yuv420p', frameRate: 24 };
  const video = { index: 0, type: 'video' as const, codec: 'h264', ...size, duration: seconds };
  return { revision: PROBE_REVISION, format: 'matroska,webm', duration: seconds, streams: [video], chapters: 0 };
}

/** An ffmpeg that can do all that is needed here. */
function capabilities(): Capabilities {
  const caps = Capabilities.parse({ version: '9.0', svtav1: 'SVT-AV1 4.2.0' });
  for (const [name, value] of Object.entries(caps)) if (value === false) Object.assign(caps, { [name]: true });
  return caps;
}

/**
 * Converts videos with a number of equal computers.
 *
 * Everything is the product's own, from the database to the worker's encode loop, except for three things: ffmpeg and ffprobe, which only
 * take their time ({@link SimulatedPrograms}); the connection, as all of it is one process; and the proof of results, which only takes its
 * time on the master. Originals lie on storage that all computers reach, and CRFs come from the quality table. Time is simulated
 * ({@link VirtualClock}), so heartbeats, polls, and encodes are as long as in a real fleet, but the work of the master and of the workers
 * between them takes none; `own` bounds it from above, as all of it is done by one thread.
 */
export async function simulateFleet(folder: string, options: FleetOptions): Promise<FleetTime> {
  mkdirSync(folder);
  const log = await makeLog('silent');
  const lifecycle = new Lifecycle(log);
  const config = {
    dataDir: path.join(folder, 'data'),
    serve: false,
    callsOnly: true,
    flags: { lead: true, quality: 'table' },
  };
  mkdirSync(config.dataDir);
  const opened = await openContext({ ...config, log }, log, lifecycle);
  const began = performance.now();
  const clock = new VirtualClock();
  const uninstall = clock.install();
  try {
    const fleet = new SimulatedFleet(opened, clock, { ...options, folder });
    const times = await fleet.run();
    uninstall();
    return { ...times, own: (performance.now() - began) / 1000 };
  } finally {
    uninstall();
    await lifecycle.stop();
  }
}

class SimulatedFleet {
  readonly #node: NodeContext;
  readonly #clock: VirtualClock;
  readonly #options: FleetOptions & { folder: string };
  readonly #master: Master;
  readonly #handlers: Handlers;
  readonly #programs: SimulatedPrograms[] = [];
  readonly #root: string;
  #converted = 0;

  constructor(opened: NodeContext, clock: VirtualClock, options: FleetOptions & { folder: string }) {
    this.#node = { ...opened, tools: TOOLS, caps: async () => capabilities() };
    this.#clock = clock;
    this.#options = options;
    const master = new Master(this.#node);
    this.#master = master;
    const { ctx, dispatcher, uploads, chunkDispatcher, chunkUploads } = master;
    ctx.verifier = { verify: (request) => this.#prove(request) } as Verifier;
    this.#handlers = {
      ...jobHandlers({ ctx, dispatcher, uploads, dataDir: opened.config.dataDir }),
      ...chunkHandlers({ ctx, chunks: chunkDispatcher, chunkUploads }),
    } as Handlers;
    this.#root = path.join(options.folder, 'library');
    mkdirSync(this.#root);
    master.limitTo([{ library: ctx.libraries.insert(this.#root, true).id, prefix: '' }]);
  }

  async #prove({ sourceProbe }: Parameters<Verifier['verify']>[0]): ReturnType<Verifier['verify']> {
    await this.#clock.wait(((sourceProbe.duration ?? 0) * HOUR.proof * 1000) / 3600);
    return { ssim: 1, psnr: 50 };
  }

  /** Puts videos into the library and the queue, as if they had been scanned and probed. */
  async #addVideos(): Promise<void> {
    const { files, jobs, libraries } = this.#master.ctx;
    const [library] = libraries.all();
    if (!library) throw new Error('there is no library');
    for (const [n, length] of this.#options.videos.entries()) {
      const name = `${n}.mkv`;
      const file = path.join(this.#root, name);
      writeFileSync(
        file,
        contentText({ from: 0, to: length, seed: 1000 * this.#options.seed + n }).padEnd(length * BYTES_PER_SECOND),
      );
      const stat = statSync(file, { bigint: true });
      const facts = {
        inode: inodeOf(stat),
        version: versionOf(stat),
        size: Number(stat.size),
        mtime: 0,
        settles: null,
      };
      files.insert(library.id, { path: name, ...facts });
      const id = files.at(library.id, name)?.id ?? -1;
      files.setProbe(id, (await identify(file))?.hash ?? '', probeOf(length));
      const row = files.get(id);
      if (row) jobs.queue(row);
    }
  }

  /** Converts all videos. */
  async run(): Promise<Omit<FleetTime, 'own'>> {
    await this.#addVideos();
    const { dispatcher, intake } = this.#master;
    const workers = Array.from({ length: this.#options.computers }, (_, n) => this.#join(`computer-${n}`));
    this.#node.on('work', () => {
      for (const { worker } of workers) worker.wake();
    });
    this.#node.on('revoked', ({ worker: id, ...lease }) => {
      workers.find((each) => each.id === id)?.worker.revoke(lease);
    });
    this.#node.on('orders', ({ worker: id, ...orders }) => {
      workers.find((each) => each.id === id)?.worker.applyConfig(orders);
    });
    dispatcher.start();
    const began = this.#clock.now;
    for (const { id, worker } of workers) {
      dispatcher.onConnected(id, true);
      worker.start().catch(this.#fail);
    }
    await this.#clock.runUntil(() => this.#failure !== undefined || this.#master.isIdle(), MAX_MS);
    this.#requireDone();
    const replaced = (this.#clock.now - began) / 1000;
    const stopping = Promise.all([...workers.map(({ worker }) => worker.stop()), intake.stop()]);
    dispatcher.stop();
    await stopping;
    if (this.#failure !== undefined) throw this.#failure;
    const encoded = this.#programs.reduce((sum, programs) => sum + programs.encoded, 0);
    return { converted: (this.#converted - began) / 1000, replaced, encoded };
  }

  /** @throws when a video was not converted */
  #requireDone(): void {
    const { files, libraries } = this.#master.ctx;
    const [library] = libraries.all();
    for (let n = 0; n < this.#options.videos.length; n += 1) {
      const view = files.view(files.at(library?.id ?? -1, `${n}.mkv`)?.id ?? -1);
      if (view?.state !== 'done')
        this.#fail(new Error(`video ${n} is ${view?.state}: ${view?.reason} ${library?.paused}`));
    }
  }

  #failure: unknown;
  readonly #fail = (error: unknown): void => {
    this.#failure ??= error;
  };

  /** Makes a worker as one of another computer that reads originals in place. */
  #join(id: string): { id: string; worker: Worker } {
    const { caps, greeting, workers } = this.#node;
    const folder = path.join(this.#options.folder, id);
    mkdirSync(folder);
    workers.add({ id, fingerprint: id, name: id });
    const computer = { cores: 2, memory: 8e9, tempFree: 1e12, ffmpeg: capabilities(), senses: [] };
    const hello: Hello = { name: id, device: id, version: greeting.version, protocol: PROTOCOL, computer };
    workers.seen(id, hello);
    const [library] = this.#master.ctx.libraries.all();
    if (library) this.#master.ctx.storage.set(id, library.id, this.#root);
    const programs = new SimulatedPrograms(this.#clock, this.#options.sound);
    this.#programs.push(programs);
    const processes = programs as unknown as ProcessManager;
    const encoding = { processes, tools: TOOLS, caps, timelines: new Timelines(processes, TOOLS) };
    const transfer = this.#transferOf(id);
    const worker = new Worker({
      call: makeCaller(this.#handlers, { kind: 'worker', worker: id, name: id }),
      transfer,
      converter: new TestedConverter(encoding),
      chunks: { transfer, converter: new ChunkConverter(encoding) },
      workspace: new Workspace({
        ...{ folder: path.join(folder, 'temp'), memory: path.join(folder, 'memory'), space: new DiskSpace() },
        warn: (text) => this.#fail(new Error(text)),
      }),
      ...{ keeps: true, jobs: 1, signals: {}, pace: PACE, onFault: this.#fail },
      load: async () => ({ cpu: 1, memoryFree: 4e9, tempFree: 1e12, tempTotal: 1e12 }),
    });
    return { id, worker };
  }

  /** Moves results and chunks without a connection, but like a remote worker has the next video while the last one is proven. */
  #transferOf(id: string): Transfer & ChunkTransfer {
    const { chunkUploads, intake } = this.#master;
    const local = new LocalTransfer({
      rootOf: () => this.#root,
      onStorageLost: () => this.#fail(new Error('the library is gone')),
      accept: (lease, result) => {
        this.#converted = this.#clock.now;
        return intake.accept(lease, result);
      },
      receiveChunk: (lease, size, body) => chunkUploads.receive(lease, id, size, body),
      chunkFile: async (lease) => (await chunkUploads.find(lease, id)).file,
    });
    return {
      ahead: MAX_AHEAD,
      limit: () => undefined,
      needs: () => local.needs(),
      source: (grant) => local.source(grant),
      holds: (grant, source) => local.holds(grant, source),
      deliver: (grant, result) => local.deliver(grant, result),
      sendChunk: (lease, file, signal) => local.sendChunk(lease, file, signal),
      fetchChunk: (lease, file) => local.fetchChunk(lease, file),
    };
  }
}

/** Has passed its self-test, which simulated programs can't. */
class TestedConverter extends Converter {
  override async test(): Promise<null> {
    return null;
  }
}
