import { Fault } from '../../src-shared/errors.ts';
import type { NodeConfig } from '../core.ts';
import { type RunningNode, startNode } from '../node.ts';
import { desktopSignals } from './power.ts';

/**
 * Starts a serving node. Where its port is taken by another program it takes a free one: a window finds it all the same.
 * @throws Fault with a sentence for the user when it cannot start
 */
export async function startServing(dataDir: string): Promise<RunningNode> {
  const config: NodeConfig = { dataDir, env: process.env, serve: true, signals: desktopSignals() };
  try {
    return await startNode(config);
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'conflict')) throw error;
    return startNode({ ...config, flags: { webPort: 0 } });
  }
}
