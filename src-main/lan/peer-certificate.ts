import { Agent } from 'node:https';
import { connect, type SecureVersion } from 'node:tls';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';
import { type Device, fingerprintOf, TLS_VERSION } from './device-identity.ts';

/** A computer that does not answer in this time is not there, in ms. */
const CONNECT_MS = 10_000;

const minVersion: SecureVersion = TLS_VERSION;

/**
 * The certificate that anyone who answers at `origin` shows, with proof that it holds the key; not yet a reason to trust it.
 * @returns PEM
 * @throws Fault `node` when no one answers there
 */
export async function fetchCertificate(origin: string, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  const { hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const answer = Promise.withResolvers<string>();
  const socket = connect({ host, port: Number(port || 443), minVersion, rejectUnauthorized: false });
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('it took too long')));
  socket.once('secureConnect', () => answer.resolve(socket.getPeerX509Certificate()?.toString() ?? ''));
  socket.once('error', answer.reject);
  const abort = () => socket.destroy(new Error('it was given up'));
  signal?.addEventListener('abort', abort);
  try {
    return await answer.promise;
  } catch (error) {
    throw new Fault(
      'node',
      `No Flotilla master found at ${origin} (${messageOf(error)}). Check that it is running and that the port is open.`,
      { cause: error },
    );
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** HTTPS agent that presents this device's certificate and accepts one certificate only, regardless of the host name. */
export function pinnedAgent(device: Device, certificate: string): Agent {
  const pinned = fingerprintOf(certificate);
  return new Agent({
    key: device.key,
    cert: device.certificate,
    ca: certificate,
    minVersion,
    keepAlive: true,
    checkServerIdentity: (_name, { raw }) =>
      fingerprintOf(raw) === pinned ? undefined : new Error('the certificate is not the one that was pinned'),
  });
}
