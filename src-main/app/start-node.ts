import { resolveSettings } from '../../src-shared/settings/settings.ts';
import { Fault, nodeFaultReason } from '../../src-shared/util/errors.ts';
import { makeKeptLog } from '../log/logger.ts';
import { dataPaths } from '../platform/data-paths.ts';
import { openContext } from './context.ts';
import { Lifecycle } from './lifecycle.ts';
import { MasterNode } from './master-node.ts';
import type { NodeConfig, RunningNode } from './types.ts';
import { WebService } from './web-service.ts';

/**
 * Builds a node and starts it.
 * @throws Fault with a sentence for the user when it can't start
 */
export async function startNode(config: NodeConfig): Promise<RunningNode> {
  // Wrong values are refused before anything is made.
  const { values } = resolveSettings({ flags: config.flags ?? {}, env: config.env ?? {} });
  const log = config.log ?? (await makeKeptLog(values.logLevel, dataPaths(config.dataDir).logs));
  const lifecycle = new Lifecycle(log);
  try {
    const opening = openContext(config, log, lifecycle);
    if (config.serve) WebService.preload();
    const node = new MasterNode(await opening, lifecycle);
    await node.start();
    return node;
  } catch (error) {
    await lifecycle.stop();
    const reason = nodeFaultReason(error);
    throw reason
      ? new Fault('node', `The data folder ${config.dataDir} cannot be used: ${reason}.`, { cause: error })
      : error;
  }
}
