import { deviceIdOf } from '../../src-shared/fleet/protocol.ts';
import { fingerprintOf } from './device-identity.ts';
import { browse } from './discovery.ts';
import { fetchCertificate } from './peer-certificate.ts';

/** A master that cannot be reached for this long may have another address now, in ms. */
const LOST_MS = 3000;
/** Between tries to reach it where it was seen, in ms. */
const RETRY_MS = 2000;
/** Addresses tried among all that announce the master's ID, which anyone can. */
const MAX_ORIGINS = 16;

/** Looks on the network for a master that does not answer any more where it was: a new lease of DHCP may have moved it. */
export class MasterLocator {
  readonly #fingerprint: string;
  readonly #places: () => string[];
  readonly #found: (origin: string) => void;
  #lost: NodeJS.Timeout | undefined;
  #stop: (() => Promise<void>) | undefined;

  /**
   * @param places where it was before
   * @param found called with the address where it answers with its own key, `https://host:port`, at every try
   */
  constructor(fingerprint: string, places: () => string[], found: (origin: string) => void) {
    this.#fingerprint = fingerprint;
    this.#places = places;
    this.#found = found;
  }

  /** It cannot be reached. */
  start(): void {
    this.#lost ??= setTimeout(() => this.#look(), LOST_MS);
  }

  /** It can be reached, or is not wanted any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#lost);
    this.#lost = undefined;
    const stop = this.#stop;
    this.#stop = undefined;
    await stop?.();
  }

  #look(): void {
    const id = deviceIdOf(this.#fingerprint);
    let origins: string[] = [];
    let trying = false;
    const over = new AbortController();
    const tryAll = async () => {
      if (trying) return;
      trying = true;
      await this.#tryAll(new Set([...origins.slice(-MAX_ORIGINS), ...this.#places()]), over.signal).finally(() => {
        trying = false;
      });
    };
    const retrying = setInterval(tryAll, RETRY_MS);
    // That multicasts do not work here takes away a hint and no more.
    const stop = browse(
      (masters) => {
        origins = masters.flatMap((master) => (master.id === id ? [master.origin] : []));
        tryAll();
      },
      () => undefined,
    );
    this.#stop = async () => {
      clearInterval(retrying);
      over.abort();
      await stop();
    };
  }

  /** What the network reports is a hint: the key decides. */
  async #tryAll(origins: Set<string>, signal: AbortSignal): Promise<void> {
    const tries = [...origins].map(async (origin) => {
      const certificate = await fetchCertificate(origin, signal).catch(() => undefined);
      if (!signal.aborted && certificate && fingerprintOf(certificate) === this.#fingerprint) this.#found(origin);
    });
    await Promise.all(tries);
  }
}
