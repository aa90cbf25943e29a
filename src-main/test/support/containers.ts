/** What the container files say, run as plain processes: the compose files as they are, with their paths and ports mapped. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { until } from './wait.ts';

export const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
/** A place in the repository. */
export const inRepository = (...parts: string[]): string => path.join(REPOSITORY, ...parts);

/** What a container has by itself; node is that of the tests. */
const IMAGE_PATH = `${path.dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/** A service of a compose file, as far as this project's use it. */
export interface Service {
  command: string;
  hostname: string;
  environment: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  stop_grace_period: string;
  [key: string]: unknown;
}

/** Puts variables in as compose does: `${A}`, `${A:-otherwise}`, `${A:?sentence}`. @throws Error with the sentence */
function interpolate(text: string, env: Record<string, string>): string {
  return text.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string, rest: string) => {
    const value = env[name];
    if (value) return value;
    if (kind === '?') throw new Error(`${name}: ${rest}`);
    return rest ?? '';
  });
}

/** The services of a compose file of the repository, with the user's variables put in. */
export function readCompose(name: string, env: Record<string, string> = {}): Record<string, Service> {
  const file = parse(readFileSync(inRepository(name), 'utf8'), { merge: true });
  const withVariables = (_: string, value: unknown) => (typeof value === 'string' ? interpolate(value, env) : value);
  return (JSON.parse(JSON.stringify(file), withVariables) as { services: Record<string, Service> }).services;
}

/** A container's process outside of a container. */
export class Container {
  readonly #process;
  #output = '';

  /** @param env all that it has */
  constructor(command: string[], env: Record<string, string>) {
    const [program = '', ...args] = command;
    this.#process = execa(program, args, { env, extendEnv: false, reject: false, all: true, stdin: 'ignore' });
    this.#process.all.on('data', (chunk) => {
      this.#output += chunk;
    });
    onTestFinished(() => {
      this.#process.kill('SIGKILL');
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** All that it said so far. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with the first match in what it says. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return until(() => {
      const found = pattern.exec(this.#output);
      if (!found) throw new Error(`nothing like ${pattern} in: ${this.#output}`);
      return found;
    });
  }

  /** Resolves with its exit code. */
  async end(): Promise<number | undefined> {
    return (await this.#process).exitCode;
  }

  /** Ends it as `docker stop` does: SIGTERM, and SIGKILL when the grace period is over. */
  async stop(graceSeconds: number): Promise<number | undefined> {
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), graceSeconds * 1000);
    const code = await this.end();
    clearTimeout(timer);
    return code;
  }
}

/** What a service's volumes are here. */
export interface Places {
  /** The folder that holds all volumes. */
  home: string;
  /** Where a `host:port` of the compose network really is. */
  ports?: Record<string, string>;
  /** Further environment: a PATH, say. */
  env?: Record<string, string>;
}

/** Runs a service's command in its environment through the entrypoint, each volume a folder below `home`. */
export function startService(name: string, service: Service, { home, ports = {}, env = {} }: Places): Container {
  const folders = volumesOf(name, service, home);
  const here = (value: string) => {
    for (const [inside, outside] of folders) {
      if (value === inside || value.startsWith(`${inside}/`)) return outside + value.slice(inside.length);
    }
    return ports[value] ?? value;
  };
  const environment = Object.entries(service.environment).map(([key, value]) => [key, here(value)]);
  return new Container([inRepository('docker-entrypoint.sh'), ...service.command.split(' ')], {
    ...imageEnvironment(),
    ...Object.fromEntries(environment),
    DATA_DIR: here('/data'),
    NODE_NAME: service.hostname,
    // Several are run on one computer, by whoever runs the tests.
    ...{ WEB_PORT: '0', LAN_PORT: '0', PUID: `${process.getuid?.()}`, PGID: `${process.getgid?.()}` },
    ...{ FLOTILLA_APP: REPOSITORY, PATH: IMAGE_PATH, ...env },
  });
}

/** Folders by their place in the container. */
export function volumesOf(name: string, service: Service, home: string): Map<string, string> {
  const places = (service.volumes ?? []).map((volume) => volume.split(':') as [string, string]);
  return new Map(
    places.map(([source, inside]) => {
      // Media are the same for all services, data folders are not.
      const folder = path.join(home, inside === '/data' ? name : path.basename(source));
      if (!existsSync(folder)) mkdirSync(folder);
      chmodSync(folder, 0o755);
      return [inside, folder];
    }),
  );
}

/** ENV of the Dockerfile's last stage. */
export function imageEnvironment(): Record<string, string> {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(readFileSync(inRepository('Dockerfile'), 'utf8')) ?? [];
  return Object.fromEntries([...block.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value]));
}
