import type { Server } from 'node:http';
import type { Settings } from '../../../src-shared/settings/settings.ts';

/** The path below which the interface is: '' for none, or `/path` without a slash at its end. */
export const baseOf = ({ basePath }: Pick<Settings, 'basePath'>): string => basePath.replace(/\/+$/, '');

/**
 * Answers requests below a path as it would answer them at the root, which it does as well: a reverse proxy may pass the path on
 * or take it off, and this computer's own commands know none. To be called when all that listens to requests does already.
 * @param base of {@link baseOf}
 */
export function answerBelow(server: Server, base: string): void {
  if (!base) return;
  const strip = (request: { url?: string | undefined }) => {
    const { url = '' } = request;
    if (url === base || url.startsWith(`${base}?`)) request.url = `/${url.slice(base.length)}`;
    else if (url.startsWith(`${base}/`)) request.url = url.slice(base.length);
  };
  server.prependListener('request', strip);
  server.prependListener('upgrade', strip);
}
