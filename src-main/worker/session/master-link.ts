import { EventEmitter } from 'node:events';
import type { Agent } from 'node:https';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import {
  type Caller,
  CONTRACT,
  WORKER_EVENTS,
  type WorkerEventName,
  type WorkerEvents,
} from '../../../src-shared/contract/index.ts';
import type { Hello } from '../../../src-shared/fleet/protocol.ts';
import { Fault, type FaultCode } from '../../../src-shared/util/errors.ts';
import { MAX_REASON_LENGTH, plainText } from '../../../src-shared/util/plain-text.ts';
import { type Device, fingerprintOf } from '../../lan/device-identity.ts';
import { fetchCertificate, pinnedAgent } from '../../lan/peer-certificate.ts';

/** First and longest pause before a new try to connect, in ms. */
const [RETRY_MS, MAX_RETRY_MS] = [500, 15_000];
/** After a refusal that an update of either side can end, and where another key answers, in ms. */
const REFUSED_RETRY_MS = 60_000;
/** Earlier addresses of a master that are remembered. */
const MAX_PLACES = 4;

/** A master as a worker remembers it. */
export interface Master {
  name: string;
  /** `https://host:port` */
  origin: string;
  /** PEM; no other is accepted. */
  certificate: string;
  /** SHA-256 of the join token that let this computer in, if one did. */
  invitation?: string | undefined;
  /** Where it was before, the latest first: `https://host:port`. */
  places?: string[] | undefined;
}

/**
 * - `connecting`: not yet reached since the start
 * - `online`: calls can be made
 * - `offline`: disconnected, or another computer answers at its address; retries automatically
 * - `refused`: rejected for a reason that may pass; retries automatically
 * - `stopped`: rejected permanently, or stopped
 */
export type LinkState = 'connecting' | 'online' | 'offline' | 'refused' | 'stopped';

/** A message of the master, cut to the length of a sentence. */
const Told = z.string().overwrite((text) => plainText(text.slice(0, MAX_REASON_LENGTH)));
const Refusal = z.object({ code: z.string().transform((code) => code as FaultCode), sentence: Told });
const Answer = z.union([
  Refusal.extend({ ok: z.literal(false) }),
  z.object({ ok: z.literal(true), output: z.unknown() }),
]);

/** Dependencies of a link. */
export interface LinkParts {
  master: Master;
  device: Device;
  /** Asked on every connection. */
  hello: () => Promise<Hello>;
  /** As what this computer comes: to work, or to become a worker. */
  as: 'worker' | 'stranger';
}

/** The connection to the master: one socket for calls and events, and an agent for files, both to the pinned certificate only. */
export class MasterLink {
  readonly agent: Agent;
  readonly #parts: LinkParts;
  #master: Master;
  #socket: Socket;
  readonly #events = new EventEmitter();
  #state: LinkState = 'connecting';
  #problem: Fault | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Aborts requests to the network when the link is stopped. */
  readonly #over = new AbortController();

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#master = parts.master;
    this.agent = pinnedAgent(parts.device, parts.master.certificate);
    this.#socket = this.#open();
  }

  get master(): Master {
    return this.#master;
  }

  /** `https://host:port`, for requests through {@link agent}. */
  get origin(): string {
    return this.#master.origin;
  }

  /** The master, out of reach until now, has another address: it is tried there, and the same key is demanded of it. */
  reconnectTo(origin: string): void {
    if (origin === this.origin || this.connected || this.#state === 'stopped') return;
    clearTimeout(this.#retry);
    this.#socket.off().disconnect();
    const { origin: before, places = [] } = this.#master;
    this.#master = { ...this.#master, origin, places: [...new Set([before, ...places])].slice(0, MAX_PLACES) };
    this.#socket = this.#open();
  }

  #open(): Socket {
    const { hello, as } = this.#parts;
    const socket = io(this.origin, {
      transports: ['websocket'],
      forceNew: true,
      // Typed for browsers; in Node it is handed to https.request.
      agent: this.agent as never,
      reconnectionDelay: RETRY_MS,
      reconnectionDelayMax: MAX_RETRY_MS,
      auth: (answer) => {
        hello().then(
          (told) => answer({ hello: told, as }),
          () => answer({ as }),
        );
      },
    });
    socket.on('connect', () => this.#become('online'));
    socket.on('disconnect', (reason) => {
      this.#become('offline');
      // The master ended it: unlike after a lost connection, socket.io doesn't reconnect automatically.
      if (reason === 'io server disconnect') this.#retryIn(RETRY_MS);
    });
    socket.on('connect_error', (error) => this.#onConnectError(error));
    for (const event of Object.keys(WORKER_EVENTS) as WorkerEventName[]) {
      socket.on(event as string, (payload: unknown, answer?: () => void) => {
        const { data } = WORKER_EVENTS[event].safeParse(payload);
        if (data) this.#events.emit(event, data);
        answer?.();
      });
    }
    return socket;
  }

  get connected(): boolean {
    return this.#state === 'online';
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why it is not connected, for the user; undefined while it is, or where the network is all there is to blame. */
  get problem(): Fault | undefined {
    return this.#problem;
  }

  /**
   * Makes a call of the contract.
   * @throws Fault with the master's sentence when it refuses; `node` when it cannot be reached
   */
  readonly call: Caller = async (name, input) => {
    if (!this.connected) throw this.#problem ?? this.#cutOff();
    let answer: z.infer<typeof Answer>;
    try {
      answer = Answer.parse(await this.#socket.emitWithAck('rpc', name, input));
    } catch (error) {
      if (error instanceof z.ZodError) throw error;
      throw this.#cutOff(error);
    }
    if (!answer.ok) throw new Fault(answer.code, answer.sentence);
    return CONTRACT[name].output.parse(answer.output) as never;
  };

  /** Listens to an event of the master until the returned function is called. */
  on<E extends WorkerEventName>(event: E, listener: (payload: WorkerEvents[E]) => void): () => void {
    this.#events.on(event, listener);
    return () => this.#events.off(event, listener);
  }

  /** Calls the listener with every new state until the returned function is called. */
  onState(listener: (state: LinkState, problem: Fault | undefined) => void): () => void {
    this.#events.on('state', listener);
    return () => this.#events.off('state', listener);
  }

  /**
   * Ends the connection and every request through the agent.
   * @param problem why, where the master turned this computer away for good
   */
  stop(problem?: Fault): void {
    clearTimeout(this.#retry);
    // Before the socket tells that it is cut off, which is no news any more.
    this.#become('stopped', problem);
    this.#over.abort();
    this.#socket.disconnect();
    this.agent.destroy();
  }

  #become(state: LinkState, problem?: Fault): void {
    const isNews = this.#state !== state || this.#problem?.message !== problem?.message;
    if (this.#state === 'stopped' || !isNews) return;
    this.#state = state;
    this.#problem = problem;
    this.#events.emit('state', state, problem);
  }

  #cutOff(cause?: unknown): Fault {
    return new Fault('node', `Can't reach the master ${this.master.name} at ${this.origin}.`, {
      cause,
    });
  }

  #retryIn(ms: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#socket.connect(), ms);
  }

  #onConnectError(error: Error & { data?: unknown }): void {
    const told = Refusal.safeParse(error.data).data;
    if (told?.code === 'denied') this.stop(new Fault(told.code, told.sentence));
    else if (told) {
      this.#become('refused', new Fault(told.code, told.sentence));
      this.#retryIn(REFUSED_RETRY_MS);
    } else {
      this.#lookForChangedKey();
    }
  }

  /**
   * Checks whether another key answers, rather than the network having failed. The pinned key protects from that computer, so
   * it's no reason to give up: the true master may come back here, or be found elsewhere.
   */
  #lookForChangedKey(): void {
    const { origin } = this;
    // It may be looked for elsewhere by now, or answer after all.
    const isOver = () => origin !== this.origin || this.connected;
    fetchCertificate(origin, this.#over.signal).then(
      (certificate) => {
        if (isOver()) return;
        const isMaster = fingerprintOf(certificate) === fingerprintOf(this.master.certificate);
        if (isMaster) return this.#cannotBeReached();
        this.#become('offline', this.#changedKey());
        if (this.#state === 'stopped') return;
        this.#socket.disconnect();
        this.#retryIn(REFUSED_RETRY_MS);
      },
      () => isOver() || this.#cannotBeReached(),
    );
  }

  #cannotBeReached(): void {
    if (this.#state !== 'connecting') this.#become('offline');
  }

  #changedKey(): Fault {
    const { name } = this.master;
    return new Fault(
      'node',
      `The computer at ${this.origin} presented a different key than ${name} had when you paired it. No data was sent. Flotilla looks for ${name} on the network and retries here every minute. If you reinstalled ${name}, pair this computer again with --forget; otherwise check what is running at that address.`,
    );
  }
}
