import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { filesIn } from '../test/support/files.ts';
import { tempFolder } from '../test/support/temp.ts';
import { fingerprintOf, loadDevice } from './device-identity.ts';

it('is made once, readable by its owner only, and the same ever after', async () => {
  const folder = tempFolder();
  const file = path.join(folder, 'data', 'device.pem');
  const device = await loadDevice(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(filesIn(folder)).toEqual(['data/device.pem']);
  expect(await loadDevice(file)).toEqual(device);
  expect((await loadDevice(path.join(folder, 'other.pem'))).id).not.toBe(device.id);
});

it('is named by the SHA-256 of a certificate that its key has signed and no clock makes invalid', async () => {
  const device = await loadDevice(path.join(tempFolder(), 'device.pem'));
  const certificate = new X509Certificate(device.certificate);
  expect(certificate.checkPrivateKey(createPrivateKey(device.key))).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(device.fingerprint).toBe(certificate.fingerprint256.replaceAll(':', '').toLowerCase());
  expect(fingerprintOf(certificate.raw)).toBe(device.fingerprint);
  expect(device.id).toBe(device.fingerprint.slice(0, 32));
  expect([certificate.validFromDate.getTime(), certificate.validToDate.getUTCFullYear()]).toEqual([0, 9999]);
});

it.each([
  ['empty', () => ''],
  ['cut short', (pem: string) => pem.slice(0, -200)],
  ['without its key', (pem: string) => pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'))],
])('%s, it is never replaced by another without a word', async (_how, damage) => {
  const file = path.join(tempFolder(), 'device.pem');
  await loadDevice(file);
  const damaged = damage(readFileSync(file, 'utf8'));
  writeFileSync(file, damaged);
  await expect(loadDevice(file)).rejects.toThrow(/^The identity of this computer in .* is damaged \(.*\); restore it/);
  expect(readFileSync(file, 'utf8')).toBe(damaged);
});
