// Makes a fresh clone ready to build, test and run. Has to work on its own, before anything is installed, on Node 20.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const windows = process.platform === 'win32';
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The Node that the lock file names, for everything that runs the app itself. */
export const NODE = path.join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
/** The built command line program. */
export const HEADLESS = path.join(root, 'out', 'main', 'headless.js');
// The build makes this one last.
const PAGE = path.join(root, 'out', 'renderer', 'index.html');

/** Programs from outside npm: the commands they bring and their package, where a manager calls it differently. */
const TOOLS = {
  ffmpeg: { commands: ['ffmpeg', 'ffprobe'], package: 'ffmpeg', dnf: 'ffmpeg-free', winget: 'Gyan.FFmpeg' },
  // What the tests of the interface look at it with.
  chromium: { commands: ['chromium'], package: 'chromium', winget: 'Hibbiki.Chromium' },
  // A screen for the tests of the desktop program, where there is none.
  xvfb: {
    commands: ['Xvfb'],
    package: 'xvfb',
    dnf: 'xorg-x11-server-Xvfb',
    pacman: 'xorg-server-xvfb',
    zypper: 'xorg-x11-server-Xvfb',
  },
  // Tests ask it what is in a Matroska file, independently of ffmpeg and of Flotilla.
  mkvtoolnix: {
    commands: ['mkvmerge', 'mkvpropedit'],
    package: 'mkvtoolnix',
    pacman: 'mkvtoolnix-cli',
    winget: 'MoritzBunkus.MKVToolNix',
  },
  // The reverse proxy of the tests; Debian has what hands connections on as they are in a module.
  nginx: { commands: ['nginx'], package: 'nginx', 'apt-get': 'nginx-full', winget: 'nginxinc.nginx' },
  // Reads docker-entrypoint.sh.
  shellcheck: {
    commands: ['shellcheck'],
    package: 'shellcheck',
    dnf: 'ShellCheck',
    zypper: 'ShellCheck',
    winget: 'koalaman.shellcheck',
  },
};

/** System package managers in the order they are looked for. */
const MANAGERS = [
  { name: 'apt-get', needsRoot: true, refresh: ['update'], install: ['install', '-y'] },
  { name: 'dnf', needsRoot: true, install: ['install', '-y'] },
  { name: 'pacman', needsRoot: true, install: ['-S', '--noconfirm', '--needed'] },
  { name: 'zypper', needsRoot: true, install: ['--non-interactive', 'install'] },
  { name: 'apk', needsRoot: true, install: ['add', '--update-cache'] },
  { name: 'brew', install: ['install'] },
  {
    name: 'winget',
    install: ['install', '--accept-package-agreements', '--accept-source-agreements', '--exact', '--id'],
  },
];

/** Prints a line for the user: one for each step. */
export const say = (sentence) => console.error(`flotilla: ${sentence}`);

/** Ends the process with one sentence. */
export function fail(sentence) {
  say(sentence);
  process.exit(1);
}

/** The file for the output of commands; removed at the end unless one of them failed. */
const log = { folder: '', file: -1 };

/** Removes the log. */
function discardLog() {
  if (!log.folder) return;
  closeSync(log.file);
  rmSync(log.folder, { recursive: true, force: true });
  log.folder = '';
}

/** Ends the process with one sentence, the end of the log, and its place. */
function failWithLog(sentence) {
  const file = path.join(log.folder, 'setup.log');
  console.error(readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20).join('\n'));
  fail(`${sentence} All output is in ${file}`);
}

/** The path of a program of the system; undefined when there is none. */
export function findCommand(name) {
  const extensions = windows ? (process.env.PATHEXT ?? '.EXE').split(';') : [''];
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const places = folders.flatMap((folder) => extensions.map((extension) => path.join(folder, name + extension)));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const hasCommand = (name) => findCommand(name) !== undefined;

/** Runs a command in the repository, its output in the log. @returns whether it succeeded */
function run([command, ...args]) {
  if (!log.folder) {
    log.folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-setup-'));
    log.file = openSync(path.join(log.folder, 'setup.log'), 'a');
  }
  writeSync(log.file, `$ ${[command, ...args].join(' ')}\n`);
  // npm and winget are scripts or links on Windows, which only a shell starts; no argument comes from outside.
  return spawnSync(command, args, { cwd: root, stdio: ['inherit', log.file, log.file], shell: windows }).status === 0;
}

const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

/** Returns why node_modules doesn't match the lock file; undefined if it does. */
function staleModules() {
  if (!existsSync(path.join(root, 'node_modules', '.package-lock.json'))) return 'node_modules is missing';
  // npm notes what it installed; packages for other systems are optional and rightly absent.
  const installed = readJson('node_modules/.package-lock.json').packages;
  for (const [place, { version, optional }] of Object.entries(readJson('package-lock.json').packages)) {
    if (place === '' || (optional && !installed[place])) continue;
    if (installed[place]?.version !== version) return `${place} isn't the version of package-lock.json`;
  }
  return existsSync(NODE) ? undefined : 'node_modules lacks its own Node';
}

function ensureModules() {
  const reason = staleModules();
  if (!reason) return;
  say(`installing npm packages and building the app, which takes a few minutes (${reason}).`);
  // Not npm ci: since npm 11 it refuses a lock file that was made where an optional package of another system was
  // not to be had. This takes the same versions from the lock file and leaves it as it is.
  if (!run(['npm', 'install', '--no-save'])) failWithLog('npm could not install the packages.');
}

/** What stands before a command that only root may run. */
function asRoot(purpose) {
  // Through env, because sudo does not pass variables on.
  const env = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  if (process.getuid() === 0) return env;
  if (!hasCommand('sudo')) fail(`${purpose} has to be installed by root, and sudo is missing. Install it by hand.`);
  return ['sudo', ...env];
}

function ensureTools(names) {
  const missing = names.filter((name) => !TOOLS[name].commands.every(hasCommand));
  if (missing.length === 0) return;
  const list = missing.join(' and ');
  const manager = MANAGERS.find(({ name }) => hasCommand(name));
  if (!manager) fail(`${list} is missing, and no package manager was found. Install it by hand, then try again.`);
  say(`installing ${list} with ${manager.name}.`);
  const prefix = [...(manager.needsRoot ? asRoot(list) : []), manager.name];
  const packages = missing.map((name) => TOOLS[name][manager.name] ?? TOOLS[name].package);
  if (manager.refresh) run([...prefix, ...manager.refresh]);
  const installed = run([...prefix, ...manager.install, ...packages]);
  if (!installed) failWithLog(`${manager.name} could not install ${list}. Install it by hand, then try again.`);
  const absent = missing.flatMap((name) => TOOLS[name].commands).find((command) => !hasCommand(command));
  if (absent) fail(`${list} is installed, but ${absent} is not found yet. Open a new terminal and try again.`);
}

/** Returns the latest change below `place` in milliseconds; a folder's own time shows removed files. */
function lastChange(place) {
  const stat = statSync(place);
  const inside = stat.isDirectory() ? readdirSync(place).map((name) => lastChange(path.join(place, name))) : [];
  return Math.max(stat.mtimeMs, ...inside);
}

/** Builds the app unless its build is newer than every source. */
function ensureBuild() {
  const sources = ['src-shared', 'src-main', 'src-renderer', 'build/electron.vite.config.ts', 'package.json'];
  const exists = existsSync(HEADLESS) && existsSync(PAGE);
  if (exists && Math.max(...sources.map((place) => lastChange(path.join(root, place)))) <= lastChange(PAGE)) return;
  say(exists ? 'building the app, because its sources have changed.' : 'building the app.');
  if (!run(['npm', 'run', 'build'])) failWithLog('the build failed.');
}

/**
 * Installs missing npm packages and programs of the system and builds the app, with one line for each step. Ends the process with
 * a sentence and exit code 1 if that fails.
 * @param {{ tools: (keyof typeof TOOLS)[] }} needs
 */
export function ensureReady({ tools }) {
  ensureModules();
  ensureTools(tools);
  ensureBuild();
  discardLog();
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--build')) {
    ensureBuild();
    discardLog();
  } else {
    const forLinux = process.platform === 'linux' ? ['xvfb', 'nginx', 'shellcheck'] : [];
    ensureReady({ tools: ['ffmpeg', 'mkvtoolnix', 'chromium', ...forLinux] });
  }
}
