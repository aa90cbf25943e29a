import { type Caller, CONTRACT } from '../../src-shared/contract.ts';
import { Fault, type FaultCode } from '../../src-shared/errors.ts';
import { readInstance } from '../instance.ts';
import { makeLog } from '../log.ts';
import { startNode } from '../node.ts';
import { userToken } from '../server/auth.ts';

/** The contract of a running server. */
export function remoteCaller(url: string, token: string): Caller {
  return async (name, input) => {
    const response = await fetch(`${url}/api/rpc/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    const body = (await response.json()) as { code?: FaultCode; sentence?: string };
    if (!response.ok)
      throw new Fault(body.code ?? 'node', body.sentence ?? `The server at ${url} answered ${response.status}.`);
    return CONTRACT[name].output.parse(body) as never;
  };
}

/**
 * Lets `work` make calls on a data folder: through the server that runs on it, or in process when none does.
 * @throws Fault when neither is possible
 */
export async function withMaster<T>(dataDir: string, work: (call: Caller) => Promise<T>): Promise<T> {
  let node: Awaited<ReturnType<typeof startNode>>;
  try {
    node = await startNode({ dataDir, env: process.env, serve: false, log: makeLog('warn') });
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'conflict')) throw error;
    const url = readInstance(dataDir)?.url;
    if (!url) throw error;
    return work(remoteCaller(url, userToken(dataDir)));
  }
  try {
    return await work(node.call);
  } finally {
    await node.stop();
  }
}
