/** A real nginx, set up as docs/reverse-proxy.md says. */
import { accessSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll } from 'vitest';
import { loadDevice } from '../../lan/device-identity.ts';
import { inRepository } from './containers.ts';
import { tempFolder } from './temp.ts';
import { until } from './wait.ts';

/** Where Debian has it; elsewhere it is part of nginx. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';
/** False where nginx cannot hand connections on as they are. */
export const CAN_STREAM =
  existsSync(STREAM_MODULE) || / --with-stream( |$)/.test(execaSync('nginx', ['-V'], { reject: false }).stderr);

/** The nginx examples of docs/reverse-proxy.md: by a name, below a path, and for other computers. */
export function readExamples(): string[] {
  const page = readFileSync(inRepository('docs/reverse-proxy.md'), 'utf8');
  return [...page.matchAll(/```nginx\n(.*?)```/gs)].map(([, example = '']) => example);
}

/**
 * Starts nginx; it ends after the tests of this file.
 * @param parts `http` and `stream`: what is in these blocks, with `CERTIFICATE` for the lines that name one
 */
export async function startNginx({ http, stream }: { http: string; stream: string }): Promise<void> {
  const folder = tempFolder();
  const at = (name: string) => path.join(folder, name);
  const { key, certificate } = await loadDevice(at('device.pem'));
  writeFileSync(at('cert.pem'), certificate);
  writeFileSync(at('key.pem'), key, { mode: 0o600 });
  const lines = `ssl_certificate ${at('cert.pem')}; ssl_certificate_key ${at('key.pem')};`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path ${at(n)};`);
  const config = `
    ${stream && existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : ''}
    daemon off; pid ${at('pid')}; error_log ${at('log')};
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http { access_log off; ${temporary.join(' ')} ${http.replaceAll('CERTIFICATE', lines)} }
    ${stream}`;
  writeFileSync(at('nginx.conf'), config);
  const nginx = execa('nginx', ['-p', folder, '-c', at('nginx.conf')], { reject: false, stdin: 'ignore' });
  afterAll(async () => {
    nginx.kill('SIGTERM');
    await nginx;
  });
  const started = until(() => accessSync(at('pid')));
  const ended = nginx.then(({ stderr }) => {
    throw new Error(`nginx ended: ${stderr}`);
  });
  await Promise.race([started, ended]);
  ended.catch(() => undefined);
}
