import type { MasterView } from '../../../src-shared/contract/fleet-view.ts';
import type { Settings } from '../../../src-shared/settings/settings.ts';
import type { DiskSpace } from '../../fs/disk-space.ts';
import type { Device } from '../../lan/device-identity.ts';
import type { Logger } from '../../log/logger.ts';
import type { AskCapabilities, Tools } from '../../media/ffmpeg/capabilities.ts';
import type { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import type { DisturbanceSignals } from '../../platform/activity-types.ts';
import type { dataPaths } from '../../platform/data-paths.ts';

/** Dependencies of a node that works for a remote master. */
export interface MembershipParts {
  device: Device;
  paths: ReturnType<typeof dataPaths>;
  /** As resolved at the start. */
  settings: Settings;
  processes: ProcessManager;
  tools: Tools;
  caps: AskCapabilities;
  space: DiskSpace;
  signals: DisturbanceSignals;
  log: Logger;
  /** Called after every change. */
  changed: (view: MasterView | null) => void;
}

/** Which master to work for: by address and possibly invitation, or the saved one. */
export interface MasterChoice {
  address?: string | undefined;
  token?: string | undefined;
  /** Join secret that the master was started with, too. */
  secret?: string | undefined;
}
