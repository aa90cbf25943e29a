// Starts the app that was packaged for this computer and has it examine itself: it runs, and its own ffmpeg can convert.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fail, say } from './setup.mjs';

const DIST = path.resolve(import.meta.dirname, '../dist');
/** Below the folder of an unpacked app. */
const PROGRAMS = { linux: 'flotilla-desktop', darwin: 'Flotilla.app/Contents/MacOS/Flotilla', win32: 'Flotilla.exe' };
const FOLDERS = { linux: /^linux(-arm64)?-unpacked$/, darwin: /^mac(-arm64)?$/, win32: /^win(-arm64)?-unpacked$/ };
/** What a conversion needs; room on the disk is not the package's matter. */
const NEEDED = [/^ffmpeg .*came with Flotilla/, /libsvtav1 \(AV1\)/, /libopus/, /bwdif/, /HDR metadata/, /^ffprobe /];

const { platform, arch } = process;
const folder = readdirSync(DIST).find(
  (name) => FOLDERS[platform].test(name) && name.includes('arm64') === (arch === 'arm64'),
);
if (!folder) fail(`There is no app for ${platform}-${arch} in ${DIST}; run npm run package first.`);
const program = path.join(DIST, folder, PROGRAMS[platform]);
// Root, and the runners of GitHub, have no sandbox for Chromium; no page is shown.
const flags = platform === 'linux' ? ['--no-sandbox'] : [];
const { stdout, stderr, error } = spawnSync(program, [...flags, 'doctor', '--json'], {
  encoding: 'utf8',
  timeout: 60_000,
});
if (error || !stdout) fail(`${program} did not start: ${error?.message ?? stderr}`);
const findings = JSON.parse(stdout);
for (const needed of NEEDED) {
  const finding = findings.find(({ what }) => needed.test(what));
  if (!finding?.ok) fail(`${program} lacks ${needed}; it found ${stdout}`);
}
say(`${program} runs: ${findings.find(({ what }) => what.startsWith('ffmpeg')).what}.`);
