import type { EventEmitter } from 'node:events';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { Bonjour, type Service } from 'bonjour-service';
import { z } from 'zod';
import type { SeenMaster } from '../../src-shared/contract/fleet-view.ts';
import { ComputerName, DeviceId, type Greeting, ProgramVersion } from '../../src-shared/fleet/protocol.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import { Announcers } from './announcers.ts';

/** `_flotilla._tcp` in DNS-SD (RFC 6763). */
const TYPE = 'flotilla';
/** Letters of a fingerprint that a list shows. */
const PREFIX_LENGTH = 16;
/** Letters of a name, so that it fits into one string of a TXT record (255 bytes) in any script. */
const NAME_LENGTH = 48;
/** Networks come and go, and one that came is listed only once its carrier is seen: looked at again after this long, in ms. */
const REFRESH_MS = 1000;
/** A question may get lost: asked again after this long, in ms. */
const ASK_AGAIN_MS = 1000;

/** TXT record of a master: a hint, never a reason to trust it. */
const Txt = z.object({
  name: ComputerName,
  id: DeviceId,
  version: ProgramVersion,
  protocol: z
    .string()
    .regex(/^\d{1,6}-\d{1,6}$/)
    .transform((text) => {
      const [oldest = 0, newest = 0] = text.split('-').map(Number);
      return { oldest, newest };
    }),
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
});

/**
 * Lets this master be found by other computers of its networks.
 * @param warn called when that is impossible; all else continues without it
 * @returns how to say goodbye, which ends it in their lists at once
 */
export function announce(of: {
  greeting: Greeting;
  port: number;
  fingerprint: string;
  warn: (text: string) => void;
}): () => Promise<void> {
  const { name, device, version, protocol } = of.greeting;
  const advice = 'other computers might not find this one automatically; give them its address';
  return onEveryNetwork(
    (text) => of.warn(`${text}; ${advice}.`),
    (bonjour) => {
      bonjour.publish({
        type: TYPE,
        // Unique as it stands, so that it need not be probed for first; without dots, which would divide it.
        name: `${TYPE}-${device}`,
        probe: false,
        port: of.port,
        txt: {
          name: [...name].slice(0, NAME_LENGTH).join(''),
          id: device,
          version,
          protocol: `${protocol.oldest}-${protocol.newest}`,
          fingerprint: of.fingerprint.slice(0, PREFIX_LENGTH),
        },
      });
      return () => new Promise((resolve) => bonjour.unpublishAll(resolve));
    },
  );
}

/**
 * Looks for masters on the networks of this computer until the returned function is called.
 * @param changed called with all visible masters, at every change
 */
export function browse(changed: (masters: SeenMaster[]) => void, warn: (text: string) => void): () => Promise<void> {
  const seen = new Map<Bonjour, SeenMaster[]>();
  const tell = () => changed(distinct([...seen.values()]));
  return onEveryNetwork(
    (text) => warn(`${text}.`),
    (bonjour) => {
      const mdns = mdnsOf(bonjour);
      const announcers = new Announcers(mdns, TYPE, () => {
        seen.set(bonjour, announcers.services.flatMap(toMaster));
        tell();
      });
      const ask = () => mdns.query(`_${TYPE}._tcp.local`, 'PTR');
      ask();
      const asking = setInterval(ask, ASK_AGAIN_MS);
      return () => {
        clearInterval(asking);
        announcers.stop();
        seen.delete(bonjour);
        tell();
      };
    },
  );
}

/** Returns the masters that are seen within a number of seconds. */
export async function search(seconds: number, warn: (text: string) => void): Promise<SeenMaster[]> {
  let seen: SeenMaster[] = [];
  const stop = browse((masters) => {
    seen = masters;
  }, warn);
  await setTimeout(seconds * 1000);
  const found = seen;
  await stop();
  return found;
}

/** Does `begin` on each network, also on those that come later: a multicast goes to one network only. */
function onEveryNetwork(warn: (text: string) => void, begin: (bonjour: Bonjour) => () => unknown): () => Promise<void> {
  const running = new Map<string, () => Promise<void>>();
  const warned = new Set<string>();
  const fail = (error: unknown) => {
    const text = `Multicast DNS does not work here (${messageOf(error)})`;
    if (!warned.has(text)) warn(text);
    warned.add(text);
  };
  const refresh = () => {
    const addresses = networkAddresses();
    for (const [address, stop] of running) {
      if (addresses.includes(address)) continue;
      running.delete(address);
      stop();
    }
    for (const address of addresses) if (!running.has(address)) running.set(address, start(address, begin, fail));
  };
  refresh();
  const refreshing = setInterval(refresh, REFRESH_MS);
  refreshing.unref();
  return async () => {
    clearInterval(refreshing);
    await Promise.all([...running.values()].map((stop) => stop()));
  };
}

function start(address: string, begin: (bonjour: Bonjour) => () => unknown, fail: (error: unknown) => void) {
  // Bound to all addresses: bound to one, it would not hear multicasts.
  const options = { interface: address, bind: '0.0.0.0' };
  const bonjour = new Bonjour(options as object, fail);
  // Unheard, an error of its socket would end the process.
  mdnsOf(bonjour).on('error', fail);
  const end = begin(bonjour);
  return async () => {
    await end();
    await new Promise<void>((resolve) => bonjour.destroy(() => resolve()));
  };
}

/** The mDNS socket of a Bonjour instance; the library offers no other access to all responses. */
function mdnsOf(bonjour: Bonjour): EventEmitter & { query: (name: string, type: string) => void } {
  return (bonjour as unknown as { server: { mdns: ReturnType<typeof mdnsOf> } }).server.mdns;
}

/**
 * Merges the masters seen on several networks. One that looks the same on several is listed once; on one network each announcement
 * is listed, even if it uses the ID of another.
 */
function distinct(networks: SeenMaster[][]): SeenMaster[] {
  const known = new Set<string>();
  return networks.flatMap((masters) => {
    const news = masters.filter(({ id, fingerprint }) => !known.has(id + fingerprint));
    for (const { id, fingerprint } of masters) known.add(id + fingerprint);
    return news;
  });
}

/** One IPv4 address of each network; loopback where there is nothing else. */
function networkAddresses(): string[] {
  const found = Object.values(os.networkInterfaces()).flatMap((addresses) => {
    const own = addresses?.find(({ family }) => family === 'IPv4');
    return own ? [own] : [];
  });
  const outward = found.filter(({ internal }) => !internal);
  return (outward.length > 0 ? outward : found).map(({ address }) => address);
}

function toMaster({ txt, port, referer }: Service): SeenMaster[] {
  const told = Txt.safeParse(txt).data;
  // The address that it was heard from can be reached; others that it has may not.
  return told && referer ? [{ ...told, origin: `https://${referer.address}:${port}` }] : [];
}
