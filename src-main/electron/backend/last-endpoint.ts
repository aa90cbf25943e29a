import { readFile } from 'node:fs/promises';
import type { Settings } from '../../../src-shared/settings/settings.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';
import { baseOf } from '../../server/web/base-path.ts';
import type { Endpoint } from '../../server/web/early-server.ts';

/** Where the interface was the last time, which is where it most likely is again; undefined when that is not known. */
export async function readLastEndpoint(file: string): Promise<Endpoint | undefined> {
  const noted = await readFile(file, 'utf8').catch(() => '');
  if (!URL.canParse(noted)) return undefined;
  const { hostname, port, pathname } = new URL(noted);
  return {
    address: hostname.replace(/^\[|\]$/g, ''),
    // A URL drops the default port of HTTP.
    port: Number(port || 80),
    base: baseOf({ basePath: pathname }),
  };
}

/** Writes the address of the interface for the next start, as a URL; nothing for port 0. Never rejects. */
export async function writeLastEndpoint(
  file: string,
  { listen, webPort, basePath }: Pick<Settings, 'listen' | 'webPort' | 'basePath'>,
): Promise<void> {
  // A port that was free is another one the next time.
  if (webPort === 0) return;
  const host = listen.includes(':') ? `[${listen}]` : listen;
  const url = `http://${host}:${webPort}${basePath}`;
  if ((await readFile(file, 'utf8').catch(() => '')) === url) return;
  // Where it cannot be written, the next start takes a moment longer.
  await writeFileAtomic(file, url).catch(() => undefined);
}
