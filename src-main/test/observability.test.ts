/** Logs and metrics of real programs: what they tell, to whom, and what never stands in them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run, start } from './support/cli.ts';
import { addVideos, allDone, join, lead, type Master, type Member } from './support/fleet.ts';
import { makeHome } from './support/temp.ts';
import { until } from './support/wait.ts';

const METRICS_TOKEN = 'a token for Prometheus that was chosen by hand'.replaceAll(' ', '-');

let master: Master;
let worker: Member;
beforeAll(async () => {
  master = await lead(makeHome(), { env: { METRICS_TOKEN, LOG_LEVEL: 'debug' } });
  // Its videos travel.
  worker = await join(master, 'garage', { env: { FILE_DISTRIBUTION_MODE: 'true' } });
  await addVideos(master, 1);
  await allDone(master, 1);
});

const logOf = (data: string) =>
  readdirSync(path.join(data, 'logs'))
    .map((name) => readFileSync(path.join(data, 'logs', name), 'utf8'))
    .join('');
const linesOf = (data: string) =>
  logOf(data)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  it('the log is kept in the data folder, with the ids of each job, on the master and on its worker', async () => {
    const { id } = (await master.call('worker.list')).find(({ name }) => name === 'garage') ?? {};
    const ids = { job: 1, task: 1, epoch: 1, file: 1, worker: id };
    for (const [data, told] of [
      [master.data, ['assigned to garage', 'encoding', 'checking', 'replacing', 'done']],
      [worker.data, ['taken', 'encoding', 'uploading']],
    ] as const) {
      await until(() => {
        const lines = linesOf(data);
        for (const what of told) {
          const msg = expect.stringContaining(`video 1.mkv: ${what}`);
          expect(lines).toContainEqual(expect.objectContaining({ ...ids, msg }));
        }
      });
    }
  });

  it('the log is JSON without a terminal', () => {
    const lines = master.flotilla.errors.split('\n').filter(Boolean);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), msg: expect.any(String) });
  });

  it('`flotilla logs` shows the log of one job, by its number and by its video, before and after', async () => {
    for (const job of ['1', path.join(master.media, 'video 1.mkv'), path.join(master.media, 'video 1.mp4')]) {
      const { code, stdout } = await run(['logs', job, '--data', master.data]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Job 1: .*video 1\.mkv\ndone\n\nAttempt 1 on garage \(SVT-AV1 \d\S+\), .*: done\n/);
      expect(stdout).toMatch(/ {2}ffmpeg .*libsvtav1/);
      expect(stdout).toMatch(/\nLog\n.*video 1\.mkv: assigned to garage\n/);
    }
    const nothing = await run(['logs', '99', '--data', master.data]);
    expect(nothing).toMatchObject({ code: 1, stderr: 'There is no job 99.' });
  });

  it('`flotilla logs --follow` follows the log', async () => {
    const following = start(['logs', '--follow', '--lines', '1', '--data', master.data]);
    await following.says(/\n/);
    await master.call('queue.pause', {});
    await following.says(/warn Paused: Paused by you\.\n/);
    await master.call('queue.resume', {});
    following.kill('SIGTERM');
    expect(await following.end()).toMatchObject({ code: 0 });
  });

  it('LOG_LEVEL and `logLevel` limit the log', async () => {
    await expect(master.call('settings.set', { values: { logLevel: 'warn' } })).rejects.toThrow(/set by .*LOG_LEVEL/);
    const { code, stderr } = await run(['serve', '--data', makeHome().data], { env: { LOG_LEVEL: 'loud' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^LOG_LEVEL is "loud", but must be silent, /);
  });

  it('the log contains none of the secrets that the programs received', async () => {
    const { token } = await master.call('access.createToken', { name: 'script' });
    const { token: invitation } = await master.call('invite.create', {});
    await master.call('access.setPassword', { password: 'correct-horse' });
    const given = [token, invitation, 'correct-horse', master.setup, master.token, METRICS_TOKEN].map(String);
    for (const secret of given) {
      await fetch(`${master.url}/api/rpc/about?token=${secret}`, { headers: { authorization: `Bearer ${secret}` } });
      // The log tells of videos by their names.
      writeFileSync(path.join(master.media, `sent Bearer ${secret} to.mkv`), 'no video');
    }
    await master.call('library.scan', { library: 1 });
    await until(() => expect(logOf(master.data).match(/sent Bearer \[secret\] to\.mkv/g)).toHaveLength(given.length));
    const all = [master.data, worker.data].map(logOf).join('') + master.flotilla.errors + worker.flotilla.errors;
    for (const secret of given) expect(all).not.toContain(secret);
  });
});

describe('the metrics', () => {
  const ask = (headers: Record<string, string> = {}, place = '/metrics') => fetch(master.url + place, { headers });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  /** Values by name and labels. */
  async function scrape(): Promise<Map<string, number>> {
    const text = await (await ask(bearer(METRICS_TOKEN))).text();
    const pairs = text
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))] as const);
    return new Map(pairs);
  }

  it('metrics are for users and for the metrics token, which grants nothing else', async () => {
    expect((await ask()).status).toBe(401);
    expect((await ask(bearer('wrong'))).status).toBe(401);
    expect((await ask(bearer(master.token))).status).toBe(200);
    expect((await ask(bearer(METRICS_TOKEN))).status).toBe(200);
    expect((await ask(bearer(METRICS_TOKEN), '/api/rpc/about')).status).toBe(401);
    const status = await ask({}, '/api/status');
    expect([status.status, Object.keys((await status.json()) as object)]).toEqual([200, ['name', 'version', 'role']]);
  });

  it('`flotilla metrics-token` creates, renews, and revokes the metrics token', async () => {
    const { data } = makeHome();
    const printed = async (...more: string[]) => (await run(['metrics-token', '--data', data, ...more])).stdout;
    const first = await printed();
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(await printed()).toBe(first);
    const second = await printed('--new');
    expect(second).not.toBe(first);
    expect(await printed('--remove')).toBe('');
    expect(await printed()).not.toBe(second);
  });

  it('metrics count what happened', async () => {
    const values = await scrape();
    const size = (await master.call('queue.summary')).sourceBytes;
    expect(Object.fromEntries(values)).toMatchObject({
      'flotilla_queue_depth{state="queued"}': 0,
      'flotilla_queue_depth{state="done"}': 1,
      'flotilla_jobs_total{result="done"}': 1,
      'flotilla_jobs_total{result="failed"}': 0,
      flotilla_replaced_bytes: size,
      flotilla_lease_expiries_total: 0,
      flotilla_paused: 0,
      'flotilla_worker_breaker{worker="garage"}': 0,
      'flotilla_encode_fps{worker="garage"}': 0,
      'flotilla_encode_speed{worker="garage"}': 0,
      'flotilla_workers{state="idle"}': 1,
    });
    expect(values.get('flotilla_saved_bytes')).toBeGreaterThan(0);
    expect(values.get('flotilla_transfer_bytes_total{direction="sent"}')).toBeGreaterThanOrEqual(size);
    expect(values.get('flotilla_transfer_bytes_total{direction="received"}')).toBeGreaterThan(0);
    expect(values.get('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  });

  it('metrics include everything that the dashboard in docs/ queries', async () => {
    const names = new Set([...(await scrape()).keys()].map((key) => key.replace(/\{.*/, '')));
    const { panels } = JSON.parse(readFileSync(path.resolve('docs/grafana-dashboard.json'), 'utf8')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const asked = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => expr.match(/\b(flotilla|nodejs|process)_\w+/g) ?? []),
    );
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  });

  it('metrics show a worker that stopped responding', async () => {
    await master.call('queue.pause', {});
    worker.flotilla.kill('SIGKILL');
    await until(async () => expect((await scrape()).get('flotilla_workers{state="offline"}')).toBe(1));
  });
});

describe('an original that is purged', () => {
  it('a purged original is named in the log and in the history', async () => {
    const [original] = await master.call('vault.list');
    await master.call('vault.purge', { all: true });
    const entry = { original: original?.original, size: original?.size, by: 'user' };
    expect(linesOf(master.data)).toContainEqual(
      expect.objectContaining({ ...entry, msg: 'Purged an original from the vault.' }),
    );
    expect(await master.call('vault.history')).toEqual([expect.objectContaining(entry)]);
  });
});
