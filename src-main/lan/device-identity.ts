import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { deviceIdOf } from '../../src-shared/fleet/protocol.ts';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';
import { writeFileAtomic } from '../fs/atomic-write.ts';

/** The oldest TLS that computers of a fleet speak with each other. */
export const TLS_VERSION = 'TLSv1.3' satisfies SecureContextOptions['minVersion'];

/** Who this install is among others: a key that never leaves it, and a certificate that no one else vouches for. */
export interface Device {
  /** Short name of the fingerprint: distinguishes installs in records and lists. */
  id: string;
  /** SHA-256 of the certificate (DER), in lowercase hexadecimal, which peers pin. */
  fingerprint: string;
  /** PEM. */
  key: string;
  /** PEM. */
  certificate: string;
}

/** SHA-256 of a certificate in DER, in lower-case hexadecimal. */
export function fingerprintOf(certificate: X509Certificate | Buffer | string): string {
  const parsed = certificate instanceof X509Certificate ? certificate : new X509Certificate(certificate);
  return parsed.fingerprint256.replaceAll(':', '').toLowerCase();
}

function parse(pem: string): Device {
  const [certificate = ''] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(pem) ?? [];
  const [key = ''] = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(pem) ?? [];
  if (!key) throw new Error('it holds no key');
  const fingerprint = fingerprintOf(certificate);
  return { id: deviceIdOf(fingerprint), fingerprint, key, certificate };
}

/**
 * The identity of this install, made at its first start and kept in `file`, readable by its owner only.
 * @throws Fault `conflict` when the file is damaged: a new identity would be a stranger to every computer that knows this one
 */
export async function loadDevice(file: string): Promise<Device> {
  if (!existsSync(file)) await makeDevice(file);
  const pem = readFileSync(file, 'utf8');
  chmodSync(file, 0o600);
  try {
    return parse(pem);
  } catch (error) {
    throw new Fault(
      'conflict',
      `The identity of this computer in ${file} is damaged (${messageOf(error)}); restore it from a backup, or remove it and pair this computer again.`,
      { cause: error },
    );
  }
}

async function makeDevice(file: string): Promise<void> {
  // Loaded at the one start that needs it.
  const { generate } = await import('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'Flotilla' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // It is pinned, not trusted for a time: no clock may ever make it invalid (RFC 5280, 4.1.2.5).
    notBeforeDate: new Date(0),
    notAfterDate: new Date('9999-12-31T23:59:59Z'),
    // No key usage: where one is named that signs no certificates, the TLS of Electron (BoringSSL) does not take it for its own
    // issuer, and a desktop could work for no one.
    extensions: [{ name: 'basicConstraints', cA: false, critical: true }],
  });
  mkdirSync(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, `${key.trim()}\n${cert.trim()}\n`, 0o600);
}
