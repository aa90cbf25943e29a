import { type Hello, PROTOCOL } from '../../../src-shared/fleet/protocol.ts';
import { Capabilities } from '../../../src-shared/fleet/worker-info.ts';

/** How a computer that can do everything introduces itself. */
export function helloOf(device: string, changes: Partial<Hello> = {}): Hello {
  const ffmpeg = Capabilities.parse({ version: '5.1' });
  for (const name of Object.keys(ffmpeg)) if (name !== 'version') Object.assign(ffmpeg, { [name]: true });
  const computer = { cores: 2, memory: 1e9, tempFree: 1e9, ffmpeg, senses: [] };
  return { name: 'garage', device, version: '0.1.0', protocol: PROTOCOL, computer, ...changes };
}
