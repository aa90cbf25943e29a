import type { AddressInfo, Server } from 'node:net';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';

/**
 * Starts listening.
 * @param options `address`: all there are when missing; `advice`: how to choose another port
 * @returns the port, also where `port` was 0
 * @throws Fault `conflict` when the port is taken or may not be used
 */
export async function listen(
  server: Server,
  port: number,
  { address, advice }: { address?: string; advice: string },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'it is in use by another program'
          : error.code === 'EACCES'
            ? "this user isn't allowed to"
            : messageOf(error);
      reject(
        new Fault(
          'conflict',
          `Flotilla can't listen on ${address ? `${address}, ` : ''}port ${port} (${why}); choose another with ${advice}.`,
        ),
      );
    });
    server.listen({ port, host: address }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** The address of a server as a user of this computer types it. */
export function urlOf(address: string, port: number): string {
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  // As browsers write it: without the port that is the standard.
  return new URL(`http://${host}:${port}`).origin;
}
