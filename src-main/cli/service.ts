import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { execa } from 'execa';
import { parseSetting, SETTING_INFOS } from '../../src-shared/settings/settings.ts';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';
import { writeFileAtomic } from '../fs/atomic-write.ts';
import { defaultDataDir } from '../platform/data-paths.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print } from './print.ts';
import { settingsText, unitText } from './systemd-unit.ts';

const KINDS = ['serve', 'worker'] as const;
type Kind = (typeof KINDS)[number];
/** What else a service may be started with, apart from settings. */
const OTHERS = ['MASTER_URL', 'JOIN_TOKEN', 'JOIN_SECRET', 'JOIN_SECRET_FILE', 'METRICS_TOKEN', 'FLOTILLA_DEBUG'];

interface InstallOptions extends CommonOptions {
  set: string[];
  user?: string;
  dryRun?: true;
}

/** Root installs for the whole computer, others for themselves. */
const isRoot = () => process.getuid?.() === 0;

/** Where the unit and the settings of a kind of service are. */
function placesOf(kind: Kind): { name: string; unit: string; settings: string } {
  const name = kind === 'serve' ? 'flotilla' : 'flotilla-worker';
  const own = process.env.XDG_CONFIG_HOME || path.join(os.homedir(), '.config');
  const [units, settings] = isRoot()
    ? ['/etc/systemd/system', '/etc/flotilla']
    : [path.join(own, 'systemd/user'), path.join(own, 'flotilla')];
  return { name, unit: path.join(units, `${name}.service`), settings: path.join(settings, `${name}.env`) };
}

/** `flotilla service` */
export function serviceCommand(): Command {
  const kind = '<serve|worker>';
  const collect = (value: string, before: string[]) => [...before, value];
  const install = new Command('install')
    .description(
      'start Flotilla when this computer starts, with systemd: as root for the whole computer, otherwise for your user',
    )
    .argument(kind, 'what to run')
    .argument('[folder...]', 'libraries for serve')
    .addOption(
      new Option('--set <NAME=value>', 'a setting by its environment name, such as LEAD=true; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--user <name>', 'user to run it as when root installs it (default: the user who called sudo)')
    .option('--dry-run', 'only show what would be written and done')
    .action((what: string, folders: string[], options: InstallOptions) =>
      installService(kindOf(what), folders, options),
    );
  const remove = new Command('remove')
    .description('stop and disable the service; data and settings are kept')
    .argument(kind, 'the installed service')
    .action((what: string) => removeService(kindOf(what)));
  return new Command('service')
    .description('run Flotilla as a system service')
    .addCommand(addDataOption(install))
    .addCommand(remove);
}

function kindOf(text: string): Kind {
  const kind = KINDS.find((known) => known === text);
  if (!kind) throw new Fault('usage', `"${text}" isn't a service; use serve or worker.`);
  if (process.platform !== 'linux') {
    throw new Fault('usage', 'This command needs Linux with systemd. See docs/service.md for other systems.');
  }
  return kind;
}

async function installService(kind: Kind, folders: string[], options: InstallOptions): Promise<void> {
  const { name, unit, settings } = placesOf(kind);
  const media = folders.map((folder) => path.resolve(folder));
  // No other user can use root's own folder.
  const state = isRoot() && options.data === defaultDataDir() ? name : undefined;
  const data = state ? `/var/lib/${state}` : options.data;
  const values = settingsOf(kind, media, { ...options, data });
  const user = isRoot() ? userOf(options) : undefined;
  const program = [process.execPath, path.resolve(process.argv[1] ?? '')];
  const text = unitText({ kind, command: [...program, kind], settings, user, state, folders: media });
  const before = existsSync(settings) ? readFileSync(settings, 'utf8') : '';
  const contents = settingsText(before, values);
  if (options.dryRun) {
    print(...`# ${unit}\n${text}\n# ${settings}\n${contents}`.split('\n'));
    return;
  }
  await write(unit, text, 0o644);
  await write(settings, contents, 0o600);
  await systemctl('daemon-reload');
  await systemctl('enable', name);
  await systemctl('restart', name);
  const journal = `journalctl ${isRoot() ? '' : '--user '}--unit ${name}`;
  print(
    `Flotilla is running and will start with this computer. ${journal} shows its log, including the address to open first.`,
  );
  if (!isRoot()) print('For it to run while you are not logged in: loginctl enable-linger');
}

async function removeService(kind: Kind): Promise<void> {
  const { name, unit, settings } = placesOf(kind);
  if (!existsSync(unit)) throw new Fault('missing', `There is no service ${name}; ${unit} does not exist.`);
  await systemctl('disable', '--now', name);
  rmSync(unit);
  print(`Removed ${unit}.`);
  await systemctl('daemon-reload');
  print(`Data and settings are kept (${settings}).`);
}

/** Settings for the service by their environment names. @throws Fault `usage` for one that is not right */
function settingsOf(kind: Kind, media: string[], { data, set }: InstallOptions): Record<string, string> {
  const values: Record<string, string> = { DATA_DIR: path.resolve(data) };
  const comma = media.find((folder) => folder.includes(','));
  if (comma) throw new Fault('usage', `${comma} has a comma in its name, which MEDIA_DIRS takes as a separator.`);
  const missing = media.find((folder) => !statSync(folder, { throwIfNoEntry: false })?.isDirectory());
  if (missing) throw new Fault('usage', `There is no folder ${missing}.`);
  if (media.length > 0 && kind === 'worker') throw new Fault('usage', 'A worker has no libraries of its own.');
  if (media.length > 0) values.MEDIA_DIRS = media.join(',');
  for (const pair of set) {
    const [, name = '', value = ''] = /^([A-Z_0-9]+)=(.*)$/.exec(pair) ?? [];
    const info = SETTING_INFOS.find(({ env }) => env !== undefined && env === name);
    if (!info && !OTHERS.includes(name)) {
      throw new Fault('usage', `"${pair}" isn't a setting; write, for example, LEAD=true (see docs/configuration.md).`);
    }
    if (info) parseSetting(info.key, value, name);
    values[name] = value;
  }
  return values;
}

function userOf({ user = process.env.SUDO_USER }: InstallOptions): string {
  if (user && /^[\w.-]+$/.test(user)) return user;
  throw new Fault('usage', 'Specify the user with --user, such as the owner of the media.');
}

async function write(file: string, text: string, mode: number): Promise<void> {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    await writeFileAtomic(file, text, mode);
  } catch (error) {
    throw new Fault('node', `Couldn't write ${file}: ${messageOf(error)}.`, { cause: error });
  }
  print(`Wrote ${file}.`);
}

async function systemctl(...args: string[]): Promise<void> {
  const all = isRoot() ? args : ['--user', ...args];
  print(`Running systemctl ${all.join(' ')}`);
  const { failed, stderr, shortMessage } = await execa('systemctl', all, { reject: false });
  if (failed) throw new Fault('node', `systemctl ${all.join(' ')} failed: ${stderr.trim() || shortMessage}`);
}
