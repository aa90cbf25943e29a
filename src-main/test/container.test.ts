/** The container files, without Docker: what they say is run by plain processes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTING_INFOS } from '../../src-shared/settings/settings.ts';
import { makeClip } from './support/clips.ts';
import {
  type Container,
  imageEnvironment,
  inRepository,
  readCompose,
  startService,
  volumesOf,
} from './support/containers.ts';
import { slowEncodes } from './support/ffmpeg.ts';
import { whenLeading } from './support/instance.ts';
import { probe } from './support/media-probe.ts';
import { callerOf } from './support/server.ts';
import { tempFolder } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

const SECRET = 'c0ffee5aad7b1d3e9f2468ace0bdf13579';
const FILES = ['docker-compose.master.yml', 'docker-compose.worker.yml', 'docker-compose.filedist-test.yml'];
const VARIABLES = { MASTER_URL: 'nas:8091', JOIN_SECRET: SECRET };

describe('the Dockerfile', () => {
  const text = readFileSync(inRepository('Dockerfile'), 'utf8');
  const dockerfile = DockerfileParser.parse(text);
  const of = (keyword: string) => dockerfile.getInstructions().filter((i) => i.getKeyword() === keyword);

  it('the Dockerfile passes its linter', () => {
    expect(validate(text)).toEqual([]);
  });

  it('the Dockerfile copies only files that exist and are in its context', () => {
    const context = readFileSync(inRepository('.dockerignore'), 'utf8').split('\n');
    const stages = dockerfile.getFROMs().map((from) => from.getBuildStage());
    for (const copy of dockerfile.getCOPYs()) {
      const from = copy.getFromFlag()?.getValue();
      if (from) {
        expect(stages).toContain(from);
        continue;
      }
      for (const source of copy.getArguments().slice(0, -1)) {
        expect(existsSync(inRepository(source.getValue()))).toBe(true);
        expect(context).toContain(`!${source.getValue().replace('./', '')}`);
      }
    }
    expect(dockerfile.getCOPYs().length).toBeGreaterThan(5);
  });

  it('the Dockerfile calls existing scripts, and leaves out development packages', () => {
    const { scripts, engines } = JSON.parse(readFileSync(inRepository('package.json'), 'utf8'));
    for (const [, script] of text.matchAll(/npm run (\w+)/g)) expect(Object.keys(scripts)).toContain(script);
    expect(text).toMatch(/--omit=dev/);
    expect(text).toMatch(/^ARG NODE=24$/m);
    expect(engines.node).toBe('>=22.14');
  });

  it('the Dockerfile starts the entrypoint under tini, checks its health, and sets known variables', () => {
    expect(of('ENTRYPOINT').map(String)).toEqual(['ENTRYPOINT ["tini", "--", "docker-entrypoint.sh"]']);
    expect(of('HEALTHCHECK').map(String)).toEqual([expect.stringContaining('CMD ["flotilla", "health"]')]);
    const ports = ['webPort', 'lanPort'].map((key) => SETTING_INFOS.find((info) => info.key === key)?.standard);
    expect(of('EXPOSE').map(String)).toEqual([`EXPOSE ${ports.join(' ')}`]);
    expect(imageEnvironment()).toMatchObject({ DATA_DIR: '/data', LISTEN: '0.0.0.0', PUID: '1000' });
    expect(statSync(inRepository('docker-entrypoint.sh')).mode & 0o111).toBe(0o111);
  });
});

describe('the entrypoint', () => {
  it('the entrypoint passes ShellCheck', () => {
    const { exitCode, stdout } = execaSync('shellcheck', [inRepository('docker-entrypoint.sh')], { reject: false });
    expect([exitCode, stdout]).toEqual([0, '']);
  });
});

describe('a compose file', () => {
  const OWN = /^(MASTER_URL|JOIN_TOKEN|JOIN_SECRET|PUID|PGID|TZ|SMB_(HOST|SHARES|USERNAME|PASSWORD|DOMAIN|VERSION))$/;

  it.each(FILES)('%s names existing variables, ports, and volumes', (file) => {
    const known = SETTING_INFOS.map(({ env }) => env);
    for (const service of Object.values(readCompose(file, VARIABLES))) {
      for (const name of Object.keys(service.environment)) if (!OWN.test(name)) expect(known).toContain(name);
      expect(service.volumes?.some((volume) => volume.endsWith(':/data'))).toBe(true);
      for (const port of service.ports ?? []) expect(port).toMatch(/^(8090:8090|8091:8091)$/);
      expect(service.stop_grace_period).toBe('30s');
    }
  });

  it('a compose file names its missing variables', () => {
    expect(() => readCompose('docker-compose.worker.yml')).toThrow(/set MASTER_URL to/);
    expect(() => readCompose('docker-compose.filedist-test.yml')).toThrow(/set JOIN_SECRET to/);
  });
});

/** The master of a compose file, started, and how to call it. */
async function startMaster(file: string, variables: Record<string, string>, home: string, env = {}) {
  const { master } = readCompose(file, variables);
  if (!master) throw new Error(`${file} has no master`);
  const data = volumesOf('master', master, home).get('/data') ?? '';
  const container = startService('master', master, { home, env });
  const { url, lanPort } = await whenLeading(container, data);
  return { container, data, call: callerOf(url, data), lan: `127.0.0.1:${lanPort}` };
}

const health = (data: string, url = '') =>
  execaSync(inRepository('docker-entrypoint.sh'), ['health'], {
    reject: false,
    env: { DATA_DIR: data, FLOTILLA_APP: inRepository(), PUID: `${process.getuid?.()}`, PGID: `${process.getgid?.()}` },
  }).stdout + url;

const names = async (call: ReturnType<typeof callerOf>) =>
  (await call('worker.list')).flatMap((worker) => (worker.connected && !worker.local ? [worker.name] : [])).sort();

describe('docker-compose.master.yml and docker-compose.worker.yml', () => {
  it('the compose files start a master that a worker joins by its token', async () => {
    const home = tempFolder();
    const { data, call, lan, container } = await startMaster('docker-compose.master.yml', {}, home);
    const { token } = await call('invite.create');
    const { worker } = readCompose('docker-compose.worker.yml', { MASTER_URL: lan, JOIN_TOKEN: token });
    if (!worker) throw new Error('there is no worker');
    const member = startService('worker', worker, { home });
    await until(async () => expect(await names(call)).toEqual(['worker']));
    expect(health(data)).toMatch(/^Flotilla answers at http/);
    expect(health(path.join(home, 'worker'))).toBe('The worker is running.');
    expect(await call('settings.get')).toMatchObject({ values: { lead: true, testingMode: true, preset: 8 } });
    expect(await Promise.all([container.stop(30), member.stop(30)])).toEqual([0, 0]);
    expect(health(data)).toBe('');
  });
});

describe('docker-compose.filedist-test.yml', () => {
  it('two workers without media convert a library, and a stop in the middle loses nothing', async () => {
    const home = tempFolder();
    const media = path.join(home, 'media');
    mkdirSync(media);
    const videos = ['one', 'two', 'three'].map((name) => makeClip(path.join(media, `${name}.mp4`), { seconds: 10 }));
    const file = 'docker-compose.filedist-test.yml';
    const variables = { JOIN_SECRET: SECRET, SVT_AV1_PRESET: '13' };
    const services = readCompose(file, variables);
    const workers = Object.keys(services).filter((name) => name !== 'master');
    const grace = Number.parseInt(services.master?.stop_grace_period ?? '', 10);

    const startAll = async (env = {}) => {
      const master = await startMaster(file, variables, home, env);
      await master.call('worker.pause', { worker: 'master' });
      const ports = { 'master:8091': master.lan };
      const members = workers.map((name) => startService(name, services[name] as never, { home, ports, env }));
      await until(async () => expect(await names(master.call)).toEqual(workers));
      return { master, all: [master.container, ...members] };
    };
    const stopAll = (all: Container[]) => Promise.all(all.map((container) => container.stop(grace)));

    const slow = slowEncodes();
    const before = await startAll(slow.env);
    await until(async () => {
      const busy = (await before.master.call('worker.list')).filter(({ running }) =>
        running.some(({ progress }) => progress.stage === 'encoding' && progress.fps !== undefined),
      );
      expect(busy.map(({ name }) => name)).toEqual(expect.arrayContaining(workers));
    });
    expect(await stopAll(before.all)).toEqual([0, 0, 0]);
    expect(slow.pids().filter(isAlive)).toEqual([]);
    expect(videos.every((video) => existsSync(video) || existsSync(video.replace('.mp4', '.mkv')))).toBe(true);

    const { master, all } = await startAll();
    await until(async () => expect((await master.call('queue.summary')).counts).toMatchObject({ done: 3, queued: 0 }));
    const results = readdirSync(media).filter((name) => !name.startsWith('.'));
    expect(results.sort()).toEqual(['one.mkv', 'three.mkv', 'two.mkv']);
    for (const name of results) expect(probe(path.join(media, name)).streams[0]?.codec_name).toBe('av1');
    expect(await master.call('vault.list')).toHaveLength(3);
    for (const worker of workers) expect(existsSync(path.join(home, worker, 'flotilla.db'))).toBe(false);
    expect(await stopAll(all)).toEqual([0, 0, 0]);
  });
});

describe('the Helm chart', () => {
  const chart = inRepository('deploy/helm/flotilla');
  const values = parse(readFileSync(path.join(chart, 'values.yaml'), 'utf8'));
  const templates = readdirSync(path.join(chart, 'templates')).map((name) =>
    readFileSync(path.join(chart, 'templates', name), 'utf8'),
  );

  it('the Helm chart uses all of its values, and no others', () => {
    const used = new Set(
      templates.flatMap((text) => [...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, name]) => name ?? '')),
    );
    const at = (name: string) => name.split('.').reduce((value, key) => value?.[key], values);
    expect([...used].filter((name) => at(name) === undefined)).toEqual([]);
    const names = Object.entries(values).flatMap(([name, value]) =>
      value !== null && typeof value === 'object' ? Object.keys(value).map((key) => `${name}.${key}`) : [name],
    );
    expect(names.filter((name) => ![...used].some((one) => one === name || one.startsWith(`${name}.`)))).toEqual([]);
  });

  it('the Helm chart names existing settings and the current version', () => {
    const known = [...SETTING_INFOS.map(({ env }) => env), 'MASTER_URL', 'JOIN_SECRET_FILE'];
    const named = templates.flatMap((text) => [...text.matchAll(/"([A-Z_]{4,})"|name: ([A-Z_]{4,})$/gm)]);
    expect(named.map(([, first, second]) => first ?? second).filter((name) => !known.includes(name))).toEqual([]);
    for (const { settings } of [values.master, values.worker]) {
      for (const name of Object.keys(settings)) expect(known).toContain(name);
    }
    const { version } = JSON.parse(readFileSync(inRepository('package.json'), 'utf8'));
    expect(parse(readFileSync(path.join(chart, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
  });
});
