/**
 * npm run fuzz [-- --seed N --count N]: sends a real master what a user, a worker and a stranger could send it, and looks for
 * answers beyond their rights, defects, a master that ends, and memory that grows. What was found is one JSON object on stdout.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type CallName, CONTRACT } from '../../../src-shared/contract/index.ts';
import { loadDevice } from '../../lan/device-identity.ts';
import { join } from '../../worker/session/join.ts';
import { JoinRequests } from '../../worker/session/join-requests.ts';
import { startMaster } from '../bench/master.ts';
import { asComputer, asUser, type Fuzzer, helloOf, send, silent, tally } from './callers.ts';
import { type Message, sampleMessages } from './inputs.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } });
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const count = Number(values.count ?? 100_000);
/** Messages under way at a time, and in one draw. */
const [AT_ONCE, DRAW] = [64, 2000];

interface Found extends Message {
  problem: string;
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-fuzz-'));
const [data, media] = ['data', 'media'].map((name) => path.join(folder, name)) as [string, string];
for (const place of [data, media]) mkdirSync(place);
for (const name of ['a.mkv', 'b.mp4']) writeFileSync(path.join(media, name), name);
const master = await startMaster(data, [media]);
const token = readFileSync(path.join(data, 'token'), 'utf8');
const origin = `https://127.0.0.1:${master.port}`;

/** Resident memory of the master, in MB. */
function memory(): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${master.pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

async function meet(): Promise<Fuzzer[]> {
  const [worker, stranger] = await Promise.all(
    ['worker', 'stranger'].map((name) => loadDevice(path.join(folder, name))),
  );
  if (!worker || !stranger) throw new Error('no keys');
  const response = await fetch(`${master.url}/api/rpc/invite.create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const invitation = (await response.json()) as { token: string };
  const { certificate } = await join({
    ...{ address: origin, token: invitation.token, device: worker, hello: async () => helloOf(worker.id) },
    ...{
      onCode: () => undefined,
      asks: new JoinRequests(path.join(folder, 'asked')),
      signal: new AbortController().signal,
    },
  });
  return [
    asUser(master.url, token),
    asComputer('worker', origin, worker, certificate),
    asComputer('stranger', origin, stranger, certificate),
  ];
}

const fuzzers = await meet();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => master.stop().then(() => process.exit(130)));

/** Mostly someone who may make the call, and sometimes anyone. */
function senderOf(name: string, i: number): Fuzzer {
  const access = Object.hasOwn(CONTRACT, name) ? CONTRACT[name as CallName].access : 'public';
  const having = fuzzers.find(({ kind }) => kind === access);
  return (i % 5 > 0 && having) || (fuzzers[i % fuzzers.length] as Fuzzer);
}

const found: Found[] = [];
const memories: number[] = [];
const started = performance.now();
let sent = 0;
while (sent < count) {
  const draw = sampleMessages(Math.min(DRAW, count - sent), seed + sent);
  const queue = draw.entries();
  const work = async () => {
    for (const [i, message] of queue) {
      const fuzzer = senderOf(message.name, i);
      const problem = await send(fuzzer, message);
      if (problem) found.push({ ...message, problem: `${fuzzer.kind}: ${problem}` });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  sent += draw.length;
  memories.push(memory());
  process.stderr.write(`${sent} messages, ${JSON.stringify(tally)}, ${found.length} found, ${memories.at(-1)} MB\n`);
}
const seconds = Math.round((performance.now() - started) / 1000);
for (const { socket } of fuzzers) socket.disconnect();
const isAlive = await fetch(`${master.url}/api/status`).then(
  ({ ok }) => ok,
  () => false,
);
await master.stop();
const logs = path.join(data, 'logs');
const errors = readdirSync(logs).flatMap((name) =>
  readFileSync(path.join(logs, name), 'utf8')
    .split('\n')
    .filter((line) => /"level":[56]0/.test(line)),
);
rmSync(folder, { recursive: true, force: true });
const distinct = [...new Map(found.map((one) => [`${one.name} ${one.problem}`, one])).values()];
process.stdout.write(
  `${JSON.stringify({ seed, sent, seconds, ...tally, silent: Object.fromEntries(silent), isAlive, memories, found: distinct, errors: [...new Set(errors)].slice(0, 20) }, null, 2)}\n`,
);
process.exitCode = isAlive && distinct.length === 0 && errors.length === 0 ? 0 : 1;
