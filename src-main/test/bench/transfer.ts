import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadDevice } from '../../lan/device-identity.ts';
import { type Bench, measured, median, run, say, timed } from './measure.ts';

const SIZE = 1024 ** 3;
const PIECE = 16 * 1024 ** 2;
const REPETITIONS = 3;
/** 0.8 of curl's throughput. */
const GOAL = 1 / 0.8;
/** Memory after the last transfer against that after the first. */
const FLAT = 1.25;
const NGINX_PORT = 18_943;

/** nginx as its users set it up for files over TLS; uploads by WebDAV's PUT. */
const nginxConf = (folder: string) => `
  daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; user root; worker_processes auto;
  events {}
  http {
    access_log off; sendfile on; client_max_body_size 0;
    client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/t1; fastcgi_temp_path ${folder}/t2;
    uwsgi_temp_path ${folder}/t3; scgi_temp_path ${folder}/t4;
    server {
      listen 127.0.0.1:${NGINX_PORT} ssl; root ${folder};
      ssl_protocols TLSv1.3; ssl_certificate ${folder}/master.pem; ssl_certificate_key ${folder}/master.pem;
      location /put { dav_methods PUT; }
    }
  }`;

async function startNginx(folder: string): Promise<ChildProcess | undefined> {
  writeFileSync(path.join(folder, 'nginx.conf'), nginxConf(folder));
  mkdirSync(path.join(folder, 'put'));
  const nginx = spawn('nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const [error] = await Promise.race([once(nginx, 'error'), once(nginx, 'spawn').then(() => [])]);
  if (error) return undefined;
  await curl('--retry', '20', '--retry-connrefused', '--retry-delay', '1', '-o', '/dev/null', '-r', '0-0', '/video');
  return nginx;
}

const curl = (...args: string[]) =>
  run('curl', ['-skf', ...args.slice(0, -1), `https://127.0.0.1:${NGINX_PORT}${args.at(-1)}`]);

/** One end of Flotilla's transfers, in a process of its own. */
class End {
  readonly #child: ChildProcess;
  readonly #rss: number[] = [];
  port = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(role: string, folder: string): Promise<End> {
    const end = new End(fork(path.join(import.meta.dirname, 'transfer-ends.ts'), [role, folder]));
    const [{ port }] = (await once(end.#child, 'message')) as [{ port: number }];
    end.port = port;
    return end;
  }

  /** Seconds that an order took. */
  async obey(order: { what: string; port: number; epoch: number }): Promise<number> {
    this.#child.send(order);
    const died = once(this.#child, 'exit').then(() => Promise.reject(new Error(`${order.what} failed`)));
    const answered = once(this.#child, 'message') as Promise<[{ seconds: number; rss: number }]>;
    const [{ seconds, rss }] = await Promise.race([answered, died]);
    this.#rss.push(rss);
    return seconds;
  }

  /** Memory after the last transfers against that after the first ones. */
  get growth(): number {
    return median(this.#rss.slice(-2)) / median(this.#rss.slice(0, 2));
  }

  get peak(): number {
    return Math.max(...this.#rss);
  }

  stop(): void {
    this.#child.kill();
  }
}

async function makeVideo(folder: string): Promise<void> {
  const piece = randomBytes(PIECE);
  for (let written = 0; written < SIZE; written += PIECE) {
    piece.writeDoubleLE(written);
    writeFileSync(path.join(folder, 'video'), piece, { flag: 'a' });
  }
}

/** Fetching and uploading a video against curl and nginx: TLS 1.3, same file, same disk, over loopback, taking turns. */
export const transfer: Bench = async (folder) => {
  for (const name of ['master.pem', 'worker.pem']) await loadDevice(path.join(folder, name));
  await makeVideo(folder);
  const nginx = await startNginx(folder);
  if (!nginx) {
    say('transfer: nginx is not installed, so there is nothing to compare with (apt-get install nginx-light)');
    return { nginx: 'missing' };
  }
  const [master, worker] = [await End.start('master', folder), await End.start('worker', folder)];
  const times: Record<'curlDown' | 'fetch' | 'curlUp' | 'upload' | 'check', number[]> = {
    ...{ curlDown: [], fetch: [], curlUp: [], upload: [], check: [] },
  };
  try {
    for (let epoch = 1; epoch <= REPETITIONS; epoch++) {
      say(`transfer ${epoch}/${REPETITIONS}`);
      const order = (what: string) => ({ what, port: master.port, epoch });
      const [got, put] = [path.join(folder, 'got'), path.join(folder, 'put/video')];
      times.curlDown.push(await timed(() => curl('-o', got, '/video')));
      times.fetch.push(await worker.obey(order('fetch')));
      rmSync(got);
      times.curlUp.push(await timed(() => curl('-T', path.join(folder, 'video'), '/put/video')));
      rmSync(put);
      times.upload.push(await worker.obey(order('upload')));
      times.check.push(await master.obey(order('check')));
      rmSync(path.join(folder, 'uploads', `1-${epoch}`));
    }
  } finally {
    for (const end of [master, worker]) end.stop();
    nginx.kill();
    await once(nginx, 'exit');
  }
  const speed = (name: keyof typeof times) => measured(SIZE / 1e6 / median(times[name]), 'MB/s');
  const against = (name: 'fetch' | 'upload', other: 'curlDown' | 'curlUp') =>
    measured(median(times[name]) / median(times[other]), "× curl's time", GOAL);
  return {
    video: measured(SIZE / 1e6, 'MB'),
    ...{ curlDown: speed('curlDown'), fetch: speed('fetch'), curlUp: speed('curlUp'), upload: speed('upload') },
    fetchRatio: against('fetch', 'curlDown'),
    uploadRatio: against('upload', 'curlUp'),
    uploadCheck: speed('check'),
    workerMemory: measured(worker.peak / 1e6, 'MB'),
    workerGrowth: measured(worker.growth, '× after the first', FLAT),
    masterMemory: measured(master.peak / 1e6, 'MB'),
    masterGrowth: measured(master.growth, '× after the first', FLAT),
  };
};
