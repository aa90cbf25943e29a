import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

/** What a logger with these rules writes of a message and its facts. */
function written(facts: object, message: string): string {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, next) => {
      text += chunk;
      next();
    },
  });
  pino({ base: null, hooks: { streamWrite: redact } }, stream).info(facts, message);
  expect(() => JSON.parse(text)).not.toThrow();
  return text;
}

const token = randomBytes(32).toString('base64url');
const invitation = randomBytes(48).toString('base64url');

describe('redact', () => {
  it.each([
    ['a token as a member', { token }, ''],
    ['one deep inside', { request: { headers: [{ authorization: `Bearer ${token}` }] } }, ''],
    [
      'cookies of a request and an answer',
      { cookie: `flotilla-0a1b2c3d=${token}`, 'set-cookie': [`flotilla-0a1b2c3d=${token}`] },
      '',
    ],
    ['a key of a set-up address', { key: token }, ''],
    ['a password', { password: 'hunter2 "and more', old: 'hunter2' }, ''],
    ['variables', { env: { JOIN_TOKEN: invitation, SMB_PASSWORD: 'hunter2', METRICS_TOKEN: 'hunter2' } }, ''],
    ['a join token by itself', {}, `joined with ${invitation}.`],
    ['a join token in an address', {}, `POST https://nas:8091/join/${invitation}?x=1 failed`],
    ['a join token as a parameter', {}, `http://nas:8090/?join=${invitation}&x=1`],
    ['a token by itself, quoted', {}, `the token "${token}" is wrong`],
    ['a set-up address', {}, `Flotilla is at http://nas:8090/#setup=${token}`],
    ['a desktop address', {}, `loading http://127.0.0.1:8090#token=${token}`],
    ['a header in a text', {}, `sent Authorization: Bearer ${token}`],
    ['basic authentication', {}, 'sent Authorization: Basic aHVudGVyMjpodW50ZXIy'],
    ['a user and a password in an address', {}, 'http://me:hunter2@nas:8090/'],
    ['flags', {}, 'flotilla worker --token hunter2 --password=hunter2'],
    ['variables in a text', {}, 'JOIN_TOKEN=hunter2 SMB_PASSWORD=hunter2 METRICS_TOKEN="hunter2"'],
    ['an error', { err: new Error(`GET /x?token=${token} with cookie flotilla-0a1b2c3d=${token}`) }, ''],
  ])('hides %s', (_what, facts, message) => {
    const text = written(facts, message);
    expect(text).toContain('[secret]');
    for (const secret of [token, invitation, 'hunter2', 'aHVudGVyMjpodW50ZXIy']) expect(text).not.toContain(secret);
  });

  it.each([
    'video.mkv: skipped (Not enough savings.)',
    `${'Very-Long-Name-2001-'.repeat(2)}x26.mkv: encoding`,
    `/media/${'Very-Long-Name-2001-'.repeat(2)}x26/video.mkv: encoding`,
    `fingerprint ${'0a1b2c3d'.repeat(8)}`,
    'https://nas:8091/tasks/1/source?epoch=2',
    'a password has at least 8 characters',
  ])('leaves %s as it is', (message) => {
    expect(JSON.parse(written({}, message)).msg).toBe(message);
  });
});
