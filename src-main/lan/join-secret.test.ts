import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../test/support/temp.ts';
import { isProof, proofOf, readJoinSecret } from './join-secret.ts';

const SECRET = '8f14e45fceea167a5a36dedd4bea2543';
const PAIR = { master: 'a'.repeat(64), worker: 'b'.repeat(64) };

describe('a proof', () => {
  it('is good for one side of one pair of computers', () => {
    const proof = proofOf(SECRET, 'worker', PAIR);
    expect(isProof(proof, SECRET, 'worker', PAIR)).toBe(true);
    // The same words back to whoever said them, or between other certificates, prove nothing.
    expect(isProof(proof, SECRET, 'master', PAIR)).toBe(false);
    expect(isProof(proof, SECRET, 'worker', { ...PAIR, master: 'c'.repeat(64) })).toBe(false);
    expect(isProof(proof, SECRET, 'worker', { ...PAIR, worker: 'c'.repeat(64) })).toBe(false);
    expect(isProof(proof, `${SECRET}0`, 'worker', PAIR)).toBe(false);
    expect(isProof('', SECRET, 'worker', PAIR)).toBe(false);
    expect(proof).not.toContain(SECRET);
  });
});

describe('the secret', () => {
  it('comes from the environment or a file, without blanks around it', () => {
    const file = path.join(tempFolder(), 'secret');
    writeFileSync(file, `${SECRET}\n`);
    expect(readJoinSecret({ JOIN_SECRET: ` ${SECRET} ` })).toBe(SECRET);
    expect(readJoinSecret({ JOIN_SECRET: '', JOIN_SECRET_FILE: file })).toBe(SECRET);
    expect(readJoinSecret({ JOIN_SECRET: '', JOIN_SECRET_FILE: '' })).toBeUndefined();
  });

  it('is refused where it could be guessed or read from nowhere', () => {
    for (const weak of ['secret', 'a'.repeat(64), 'abcabcabcabcabcabcabcabcabcabcabcabc']) {
      expect(() => readJoinSecret({ JOIN_SECRET: weak })).toThrow(/^JOIN_SECRET could be guessed; use at least 32/);
    }
    expect(() => readJoinSecret({ JOIN_SECRET_FILE: '/nowhere' })).toThrow(/^JOIN_SECRET_FILE cannot be read: /);
  });
});
