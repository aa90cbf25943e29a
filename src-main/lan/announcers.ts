import { EventEmitter } from 'node:events';
import { Browser, type Service } from 'bonjour-service';

/** Computers of one network that are listened to; the one silent for longest is dropped. */
const MAX_SOURCES = 64;
/** Services that one computer may announce. */
const MAX_SERVICES = 16;

/** The parts of a multicast DNS answer that show its type of service. */
interface Packet {
  answers: { type: string; name: string }[];
}

interface Source {
  mdns: EventEmitter;
  browser: Browser;
}

/**
 * The services of one type that a network announces, computer by computer: two that announce the same name are both seen, so that
 * no announcer can hide another one by using its name.
 */
export class Announcers {
  readonly #mdns: EventEmitter;
  readonly #type: string;
  readonly #changed: () => void;
  readonly #sources = new Map<string, Source>();
  readonly #listen = (packet: Packet, from: { address: string }) => this.#hear(packet, from);

  /** @param mdns emits `response` with each packet and whom it came from */
  constructor(mdns: EventEmitter, type: string, changed: () => void) {
    this.#mdns = mdns;
    this.#type = type;
    this.#changed = changed;
    mdns.on('response', this.#listen);
  }

  get services(): Service[] {
    return [...this.#sources.values()].flatMap(({ browser }) => browser.services);
  }

  stop(): void {
    this.#mdns.off('response', this.#listen);
    for (const address of [...this.#sources.keys()]) this.#drop(address);
  }

  #hear(packet: Packet, from: { address: string }): void {
    const isOfType = packet.answers.some(({ type, name }) => type === 'PTR' && name === `_${this.#type}._tcp.local`);
    if (!isOfType) return;
    const source = this.#sources.get(from.address) ?? this.#open();
    // The latest heard is last.
    this.#sources.delete(from.address);
    this.#sources.set(from.address, source);
    source.mdns.emit('response', packet, from);
    if (source.browser.services.length > MAX_SERVICES) this.#drop(from.address);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > MAX_SOURCES && oldest !== undefined) this.#drop(oldest);
  }

  #open(): Source {
    // It hears what this one lets through, and asks nothing itself.
    const mdns = Object.assign(new EventEmitter(), { query: () => undefined });
    const browser = new Browser(mdns, { type: this.#type });
    for (const event of ['up', 'down', 'txt-update', 'srv-update'] as const) browser.on(event, this.#changed);
    return { mdns, browser };
  }

  #drop(address: string): void {
    this.#sources.get(address)?.browser.stop();
    this.#sources.delete(address);
    this.#changed();
  }
}
