// Makes a fresh clone ready to build, test and run. Has to work on its own, before anything is installed, on Node 20.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
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

/** Tells the user what happens, apart from the output of programs. */
export const say = (sentence) => console.error(`flotilla: ${sentence}`);

/** Ends the process with one sentence. */
export function fail(sentence) {
  say(sentence);
  process.exit(1);
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

/** Runs a command in the repository, its output in sight, and tells whether it succeeded. */
function run([command, ...args]) {
  say(`running ${[command, ...args].join(' ')}`);
  // npm and winget are scripts or links on Windows, which only a shell starts; no argument comes from outside.
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: windows }).status === 0;
}

const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

/** Says why node_modules does not match the lock file; undefined when it does. */
function staleModules() {
  if (!existsSync(path.join(root, 'node_modules', '.package-lock.json'))) return 'node_modules is not there yet';
  // npm notes what it installed; packages for other systems are optional and rightly absent.
  const installed = readJson('node_modules/.package-lock.json').packages;
  for (const [place, { version, optional }] of Object.entries(readJson('package-lock.json').packages)) {
    if (place === '' || (optional && !installed[place])) continue;
    if (installed[place]?.version !== version) return `${place} is not the version of package-lock.json`;
  }
  return existsSync(NODE) ? undefined : 'node_modules lacks its own Node';
}

function ensureModules() {
  const reason = staleModules();
  if (!reason) return;
  say(`${reason}, so the packages are installed now (warnings about an old Node here are expected).`);
  // Not npm ci: since npm 11 it refuses a lock file that was made where an optional package of another system was
  // not to be had. This takes the same versions from the lock file and leaves it as it is.
  if (!run(['npm', 'install', '--no-save'])) fail('npm could not install the packages. Read its message above.');
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
  say(`${list} is missing and will be installed with ${manager.name}.`);
  const prefix = [...(manager.needsRoot ? asRoot(list) : []), manager.name];
  const packages = missing.map((name) => TOOLS[name][manager.name] ?? TOOLS[name].package);
  if (manager.refresh) run([...prefix, ...manager.refresh]);
  const installed = run([...prefix, ...manager.install, ...packages]);
  if (!installed) fail(`${manager.name} could not install ${list}. Install it by hand, then try again.`);
  const absent = missing.flatMap((name) => TOOLS[name].commands).find((command) => !hasCommand(command));
  if (absent) fail(`${list} is installed, but ${absent} is not found yet. Open a new terminal and try again.`);
}

/** The latest change below `place` in milliseconds; a folder's own time tells of removed files. */
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
  say(exists ? 'the sources have changed since the last build.' : 'the app is not built yet.');
  if (!run(['npm', 'run', 'build'])) fail('the build failed. Read its message above.');
}

/**
 * Sees to the npm packages, programs of the system and a fresh build, installing what is missing and saying so.
 * Ends the process with a sentence and exit code 1 when it cannot.
 * @param {{ tools: (keyof typeof TOOLS)[] }} needs
 */
export function ensureReady({ tools }) {
  ensureModules();
  ensureTools(tools);
  ensureBuild();
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--build')) ensureBuild();
  else {
    const forLinux = process.platform === 'linux' ? ['xvfb', 'nginx', 'shellcheck'] : [];
    ensureReady({ tools: ['ffmpeg', 'mkvtoolnix', 'chromium', ...forLinux] });
  }
}
