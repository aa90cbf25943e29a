/** Servers, masters, and workers of the built program. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { CallName, Output } from '../../../src-shared/contract/index.ts';
import { type Flotilla, type RunOptions, start } from './cli.ts';
import { whenLeading, whenServing } from './instance.ts';
import { until } from './wait.ts';

/** A server started with `serve`, and how to call it. */
export interface Server {
  flotilla: Flotilla;
  /** Address of its pages, without a slash at its end. */
  url: string;
  token: string;
  /** The key of the one-use set-up address; undefined once there is a password. */
  setup: string | undefined;
  call<N extends CallName>(name: N, input?: object): Promise<Output<N>>;
}

/** Starts `serve` on a free port. */
export async function serve(data: string, more: string[] = [], options: RunOptions = {}): Promise<Server> {
  const flotilla = start(['serve', '--data', data, '--port', '0', ...more], options);
  const { url } = await whenServing(flotilla, data);
  // Its address is printed when the start is complete: only then does a signal end it in good order.
  const address = await flotilla.says(/http:\S+/);
  const token = readFileSync(path.join(data, 'token'), 'utf8');
  return {
    flotilla,
    url: url + (options.env?.BASE_PATH ?? '').replace(/\/$/, ''),
    token,
    setup: address.split('/#setup=')[1],
    call: callerOf(url, data),
  };
}

/** Returns how to call a server with the token of its data folder. */
export function callerOf(url: string, data: string): Server['call'] {
  return async (name, input = {}) => {
    const authorization = `Bearer ${readFileSync(path.join(data, 'token'), 'utf8')}`;
    const response = await fetch(`${url}/api/rpc/${name}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    return response.json() as never;
  };
}

/** A server that leads, and where it accepts workers. */
export interface LeadingServer extends Server {
  /** `127.0.0.1:port` */
  lan: string;
}

/** Starts `serve --lead` on free ports. */
export async function lead(data: string, more: string[] = [], options: RunOptions = {}): Promise<LeadingServer> {
  const server = await serve(data, ['--lead', '--lan-port', '0', '--name', 'nas', ...more], options);
  const { lanPort } = await whenLeading(server.flotilla, data);
  return { ...server, lan: `127.0.0.1:${lanPort}` };
}

/** Starts a worker by an invitation; resolves when the server has it. */
export async function join(
  server: LeadingServer,
  { data, name }: { data: string; name: string },
  more: string[] = [],
  options: RunOptions = {},
): Promise<Flotilla> {
  const { token } = await server.call('invite.create', {});
  const args = ['worker', '--data', data, '--name', name, '--master', server.lan, '--token', token, ...more];
  const flotilla = start(args, options);
  await until(async () => {
    const views = await server.call('worker.list', {});
    if (!views.some((view) => view.name === name && view.connected)) throw new Error(`${name} has not come`);
  });
  return flotilla;
}
