import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PairingView } from '../../src-shared/contract/fleet-view.ts';
import { openDatabase } from '../db/open.ts';
import { InviteTable, WorkerTable } from '../db/tables/workers.ts';
import { proofOf } from '../lan/join-secret.ts';
import { readJoinToken } from '../lan/join-token.ts';
import { commitmentOf, makeNonce, pairingCode } from '../lan/pairing-code.ts';
import { helloOf } from '../test/support/hello.ts';
import { tempFolder } from '../test/support/temp.ts';
import { type Applicant, Pairing } from './pairing.ts';

const MASTER = 'f'.repeat(64);
function makePairing(termMs?: number, secret?: string) {
  const { db } = openDatabase(path.join(tempFolder(), 'flotilla.db'), '/nowhere');
  const workers = new WorkerTable(db, '0'.repeat(32));
  const changes: PairingView[][] = [];
  const pairing = new Pairing({
    fingerprint: MASTER,
    workers,
    invites: new InviteTable(db),
    changed: (requests) => changes.push(requests),
    joined: () => undefined,
    ...(termMs && { termMs }),
    secret,
  });
  onTestFinished(() => {
    pairing.stop();
    db.close();
  });
  return { db, workers, pairing, changes };
}

function asker(n: number, address = `10.0.0.${n}`): Applicant {
  const fingerprint = n.toString(16).padStart(64, '0').split('').reverse().join('');
  return { fingerprint, address, hello: helloOf(fingerprint.slice(0, 32), { name: `pc${n}` }) };
}

/** What a computer does to show its digits. */
async function showDigits(pairing: Pairing, who: Applicant) {
  const workerNonce = makeNonce();
  const { request, nonce } = await pairing.ask(who, commitmentOf(workerNonce));
  const code = pairingCode({ master: MASTER, worker: who.fingerprint, masterNonce: nonce, workerNonce });
  pairing.reveal(who, request, workerNonce);
  return { code, request, outcome: pairing.wait(who, request) };
}

describe('a secret that both sides were started with', () => {
  const secret = '8f14e45fceea167a5a36dedd4bea2543';
  const proofFor = (who: Applicant, key = secret) =>
    proofOf(key, 'worker', { master: MASTER, worker: who.fingerprint });

  it('admits every computer that knows it, and the master proves that it knows it too', async () => {
    const { pairing, workers } = makePairing(undefined, secret);
    for (const who of [asker(1), asker(2)]) {
      const { proof } = await pairing.prove(who, proofFor(who));
      expect(proof).toBe(proofOf(secret, 'master', { master: MASTER, worker: who.fingerprint }));
      expect(workers.find(who.fingerprint)?.name).toBe(who.hello.name);
    }
  });

  it('admits no other computer, and limits guesses', async () => {
    const { pairing, workers } = makePairing(undefined, secret);
    const [thief, friend] = [asker(1), asker(2)];
    await expect(pairing.prove(thief, proofFor(friend))).rejects.toThrow(/^JOIN_SECRET doesn't match/);
    for (let n = 0; n < 4; n++)
      await expect(pairing.prove(thief, proofFor(thief, 'x'))).rejects.toThrow(/^JOIN_SECRET/);
    await expect(pairing.prove(thief, proofFor(thief))).rejects.toThrow(/^Too many tries from 10\.0\.0\.1/);
    const { pairing: without } = makePairing();
    await expect(without.prove(friend, proofFor(friend, ''))).rejects.toThrow(/^JOIN_SECRET doesn't match/);
    expect(workers.all()).toEqual([]);
  });
});

describe('six digits', () => {
  it('are the same on both sides, and admit the computer that shows them once', async () => {
    const { pairing, workers, changes } = makePairing();
    const { code, outcome } = await showDigits(pairing, asker(1));
    expect(pairing.list()).toMatchObject([{ code, name: 'pc1', address: '10.0.0.1', version: '0.1.0' }]);
    expect(pairing.approve(code)).toMatchObject({ name: 'pc1', mode: 'active', local: false });
    expect(await outcome).toBe('approved');
    expect(workers.find(asker(1).fingerprint)?.name).toBe('pc1');
    expect(changes.map((requests) => requests.length)).toEqual([1, 0]);
    expect(() => pairing.approve(code)).toThrow(/^No pairing request has the code/);
  });

  it('differ where somebody in between shows certificates of his own', async () => {
    const { pairing } = makePairing();
    const [victim, between] = [asker(1), asker(2)];
    // He hands the nonces on in both directions: the victim sees his fingerprint as the master's, the master as the worker's.
    const workerNonce = makeNonce();
    const { request, nonce } = await pairing.ask(between, commitmentOf(workerNonce));
    pairing.reveal(between, request, workerNonce);
    const atVictim = pairingCode({
      master: between.fingerprint,
      worker: victim.fingerprint,
      masterNonce: nonce,
      workerNonce,
    });
    expect(pairing.list()[0]?.code).not.toBe(atVictim);
  });

  it('cannot be chosen: a computer that reveals another nonce than it committed to is rejected', async () => {
    const { pairing } = makePairing();
    const who = asker(1);
    const { request } = await pairing.ask(who, commitmentOf(makeNonce()));
    const outcome = pairing.wait(who, request);
    expect(() => pairing.reveal(who, request, makeNonce())).toThrow(/answers don't match/);
    expect(await outcome).toBe('refused');
    expect(pairing.list()).toEqual([]);
  });

  it('are not shown, and mean nothing, before the commitment was opened', async () => {
    const { pairing } = makePairing();
    await pairing.ask(asker(1), commitmentOf(makeNonce()));
    expect(pairing.list()).toEqual([]);
  });

  it("of another computer's request cannot be opened or waited for", async () => {
    const { pairing } = makePairing();
    const nonce = makeNonce();
    const { request } = await pairing.ask(asker(1), commitmentOf(nonce));
    expect(() => pairing.reveal(asker(2), request, nonce)).toThrow('No pairing request has this code.');
    expect(() => pairing.wait(asker(2), request)).toThrow('No pairing request has this code.');
    pairing.reveal(asker(1), request, nonce);
    expect(pairing.list()).toHaveLength(1);
  });

  it('admit no computer once they are rejected or expired, or their computer has disconnected', async () => {
    const { pairing, workers } = makePairing(50);
    const refused = await showDigits(pairing, asker(1));
    pairing.refuse(refused.code);
    expect(await refused.outcome).toBe('refused');
    const gone = await showDigits(pairing, asker(2));
    pairing.withdraw(asker(2).fingerprint);
    expect(await gone.outcome).toBe('expired');
    const old = await showDigits(pairing, asker(3));
    expect(await old.outcome).toBe('expired');
    for (const { code } of [refused, gone, old]) expect(() => pairing.approve(code)).toThrow();
    expect(workers.all()).toEqual([]);
  });

  it('typed wrong five times make everybody ask again', async () => {
    const { pairing } = makePairing();
    const { code, outcome } = await showDigits(pairing, asker(1));
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    for (let n = 0; n < 4; n += 1) expect(() => pairing.approve(wrong)).toThrow(/check the digits/);
    expect(pairing.list()).toHaveLength(1);
    expect(() => pairing.approve(wrong)).toThrow(/fifth try: all computers have to ask again/);
    expect(await outcome).toBe('expired');
    expect(() => pairing.approve(code)).toThrow();
  });

  it('are given to one address five times, and others are not kept from asking', async () => {
    const { pairing } = makePairing();
    for (let n = 1; n <= 5; n += 1) await showDigits(pairing, asker(n, '10.0.0.9'));
    await expect(showDigits(pairing, asker(6, '10.0.0.9'))).rejects.toThrow(/^Too many tries from 10\.0\.0\.9/);
    await showDigits(pairing, asker(7));
    expect(pairing.list()).toHaveLength(6);
  });

  it('are given to the addresses of one IPv6 network five times together', async () => {
    const { pairing } = makePairing();
    for (let n = 1; n <= 5; n += 1) await showDigits(pairing, asker(n, `2001:db8:1:2::${n}`));
    await expect(showDigits(pairing, asker(6, '2001:db8:1:2::6'))).rejects.toThrow(/^Too many tries/);
    await showDigits(pairing, asker(7, '2001:db8:1:3::1'));
  });

  it('are shown by twenty computers at the most', async () => {
    const { pairing } = makePairing();
    for (let n = 1; n <= 20; n += 1) await showDigits(pairing, asker(n));
    await expect(showDigits(pairing, asker(21))).rejects.toThrow(/^Too many computers are asking/);
    // Who asks again takes his own place.
    await showDigits(pairing, asker(20));
    expect(pairing.list()).toHaveLength(20);
  });
});

describe('an invitation', () => {
  it('lets one computer in, once, and its secret is not in the database', async () => {
    const { pairing, workers, db } = makePairing();
    const { token, expiresAt } = pairing.invite(60);
    const { fingerprint, secret } = readJoinToken(token);
    expect(fingerprint).toBe(MASTER);
    expect(expiresAt).toBeGreaterThan(Date.now());
    expect(JSON.stringify(db.prepare('SELECT * FROM invites').all())).not.toContain(secret);
    await pairing.redeem(asker(1), secret);
    await expect(pairing.redeem(asker(2), secret)).rejects.toThrow(/has expired or was already used/);
    expect(workers.all().map(({ name }) => name)).toEqual(['pc1']);
  });

  it('is refused when it is wrong or too old, and guessing ends soon', async () => {
    const { pairing, workers, db } = makePairing();
    const { secret } = readJoinToken(pairing.invite(1).token);
    db.exec(`UPDATE invites SET expires = ${Date.now() - 1}`);
    await expect(pairing.redeem(asker(1), secret)).rejects.toThrow(/has expired or was already used/);
    const good = readJoinToken(pairing.invite(1).token).secret;
    for (let n = 0; n < 4; n += 1) {
      await expect(pairing.redeem(asker(1), `${n}`.padStart(22, 'A'))).rejects.toThrow(/was already used/);
    }
    await expect(pairing.redeem(asker(1), good)).rejects.toThrow(/^Too many tries/);
    expect(workers.all()).toEqual([]);
  });

  it.each(['', 'abc', 'x'.repeat(63), 'x'.repeat(65), `${'x'.repeat(63)}!`])('%j is no token', (text) => {
    expect(() => readJoinToken(text)).toThrow(/^This isn't a join token/);
  });
});

it('workers with the same name stay distinct and keep their settings across a restart', () => {
  const { db, workers } = makePairing();
  const ids = [1, 2, 3].map((n) => {
    const { fingerprint } = asker(n);
    return workers.add({ id: fingerprint.slice(0, 32), fingerprint, name: 'pc' }).id;
  });
  expect(workers.all().map(({ name }) => name)).toEqual(['pc', 'pc (2)', 'pc (3)']);
  const [first = '', second = '', third = ''] = ids;
  expect(workers.rename(second, 'pc')).toBe(false);
  expect(workers.rename(second, 'attic')).toBe(true);
  workers.setMode(first, 'draining');
  workers.setSettings(first, { jobs: 2, tempDir: null, bandwidth: 1000, schedule: null, rules: null });
  workers.seen(first, asker(1).hello);
  workers.remove(third);
  workers.save();
  const again = new WorkerTable(db, second);
  expect(again.all()).toEqual(workers.all().map((row) => ({ ...row, local: row.id === second })));
  expect(again.get(first)).toMatchObject({
    mode: 'draining',
    settings: { jobs: 2, bandwidth: 1000 },
    hello: { name: 'pc1' },
  });
  expect(again.find(asker(3).fingerprint)).toBeUndefined();
});
