import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { type Caller, CONTRACT } from '../../src-shared/contract/index.ts';
import { Fault, type FaultCode, messageOf } from '../../src-shared/util/errors.ts';
import { startNode } from '../app/start-node.ts';
import { makeLog } from '../log/logger.ts';
import { readInstance } from '../platform/instance-file.ts';
import { userToken } from '../server/auth/secrets.ts';

/** The contract of a running server; a call may take as long as it takes. */
export function remoteCaller(url: string, token: string): Caller {
  return async (name, input) => {
    const { status, body } = await post(`${url}/api/rpc/${name}`, token, input).catch((error) => {
      const why = messageOf(error);
      throw new Fault('node', `The Flotilla at ${url} did not answer (${why}); is it still running?`, { cause: error });
    });
    if (status === 200) return CONTRACT[name].output.parse(body) as never;
    const { code, sentence } = body as { code?: FaultCode; sentence?: string };
    throw new Fault(code ?? 'node', sentence ?? `The server at ${url} answered ${status}.`);
  };
}

/** Not fetch, which gives up when no answer has begun after five minutes. */
async function post(url: string, token: string, input: unknown): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asked = request(url, { method: 'POST', headers }).end(JSON.stringify(input));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await json(answer) };
}

/**
 * Lets `work` make calls on a data folder: through the server that runs on it, or in process when none does.
 * @throws Fault when neither is possible
 */
export async function withMaster<T>(dataDir: string, work: (call: Caller) => Promise<T>): Promise<T> {
  let node: Awaited<ReturnType<typeof startNode>>;
  try {
    node = await startNode({ dataDir, env: process.env, serve: false, callsOnly: true, log: await makeLog('warn') });
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'conflict')) throw error;
    const url = readInstance(dataDir)?.url;
    if (!url) throw error;
    return work(remoteCaller(url, await userToken(dataDir)));
  }
  try {
    return await work(node.call);
  } finally {
    await node.stop();
  }
}
