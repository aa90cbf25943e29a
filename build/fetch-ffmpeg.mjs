// npm run fetch-ffmpeg: puts the pinned ffmpeg and ffprobe for a platform where the packaged app takes them from. Only bytes
// with the hash in resources/ffmpeg.json ever become a program; a failure leaves what was there before.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import pRetry, { AbortError } from 'p-retry';
import { openPromise } from 'yauzl';
import { z } from 'zod';
import { fail, say } from './setup.mjs';

const RESOURCES = path.resolve(import.meta.dirname, '../resources');
/** No archive of ffmpeg is that large; a server that sends without end is stopped here, in bytes. */
const LARGEST = 1_000_000_000;

const Pins = z.record(
  z.templateLiteral([z.enum(['win32', 'darwin', 'linux']), '-', z.enum(['x64', 'arm64'])]),
  z.strictObject({
    /** What `ffmpeg -version` reports. */
    version: z.string(),
    archives: z
      .array(
        z.strictObject({
          url: z.url({ protocol: /^https?$/ }),
          /** Null until `--pin` has written it. */
          sha256: z.hash('sha256').nullable(),
          /** Name of a program -> its path in the archive. */
          programs: z.record(z.string().regex(/^ff(mpeg|probe)(\.exe)?$/), z.string()),
        }),
      )
      .min(1),
  }),
);

async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Downloads into a file, whole or not at all; a connection that breaks is tried again. */
async function download(url, file) {
  const once = async () => {
    // Some servers answer only programs that say what they are.
    const response = await fetch(url, { headers: { 'user-agent': 'flotilla-fetch-ffmpeg' } });
    if (!response.ok || !response.body) throw new AbortError(`the server answered ${response.status}`);
    let size = 0;
    const limit = new Transform({
      transform(chunk, _encoding, done) {
        size += chunk.length;
        done(size > LARGEST ? new AbortError(`it is larger than ${LARGEST} bytes`) : null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body), limit, createWriteStream(file));
  };
  try {
    await pRetry(once, { retries: 2, minTimeout: 500 });
  } catch (error) {
    const why = error.cause?.message ?? error.message;
    throw new Error(`${url} could not be downloaded (${why}); try again later.`, { cause: error });
  }
}

/** Takes the programs out of an archive. */
async function unpack({ url, programs }, file, folder) {
  const missing = new Set(Object.keys(programs));
  const archive = await openPromise(file);
  try {
    for await (const entry of archive.eachEntry()) {
      const name = [...missing].find((program) => programs[program] === entry.fileName);
      if (!name) continue;
      const program = createWriteStream(path.join(folder, name), { mode: 0o755 });
      await pipeline(await archive.openReadStreamPromise(entry), program);
      missing.delete(name);
    }
  } finally {
    archive.close();
  }
  if (missing.size > 0)
    throw new Error(
      `${url} holds no ${[...missing].map((name) => programs[name]).join(' and no ')}; correct ffmpeg.json.`,
    );
}

/** Checks what was downloaded, or with `pin` notes what it is. */
async function check(archive, file, { pin, pins }) {
  const { url, sha256: expected } = archive;
  const found = await sha256(file);
  if (pin) {
    archive.sha256 = found;
    say(`${url} has the SHA-256 ${found}${expected && expected !== found ? `, no more ${expected}` : ''}.`);
  } else if (found !== expected) {
    throw new Error(
      `${url} is not the file that ${pins} names: its SHA-256 is ${found} instead of ${expected}. Nothing was kept of it.`,
    );
  }
}

/** @returns whether the folder holds just this build already */
function holds(folder, build) {
  const note = path.join(folder, 'build.json');
  const programs = build.archives.flatMap((archive) => Object.keys(archive.programs));
  return (
    existsSync(note) &&
    readFileSync(note, 'utf8') === JSON.stringify(build, null, 2) &&
    programs.every((name) => existsSync(path.join(folder, name)))
  );
}

async function main({ platform, arch, pins, into, pin }) {
  const all = Pins.parse(JSON.parse(readFileSync(pins, 'utf8')));
  const target = `${platform}-${arch}`;
  const build = all[target];
  if (!build) throw new Error(`${pins} has no ffmpeg for ${target}; it has ${Object.keys(all).join(', ')}.`);
  const unpinned = build.archives.find((archive) => archive.sha256 === null);
  if (unpinned && !pin)
    throw new Error(
      `${pins} has no SHA-256 for ${unpinned.url}; run this with --pin, compare what it writes with what the publisher says, and commit it.`,
    );
  const folder = path.join(into, target);
  if (!pin && holds(folder, build)) return say(`ffmpeg ${build.version} for ${target} is there already.`);
  const partial = path.join(into, `.${target}.partial`);
  const clean = () => rmSync(partial, { recursive: true, force: true });
  clean();
  mkdirSync(partial, { recursive: true });
  // Also when the user ends it.
  process
    .on('exit', clean)
    .on('SIGINT', () => process.exit(130))
    .on('SIGTERM', () => process.exit(143));
  for (const archive of build.archives) {
    const file = path.join(partial, 'archive.zip');
    say(`fetching ${archive.url}`);
    await download(archive.url, file);
    await check(archive, file, { pin, pins });
    await unpack(archive, file, partial);
    rmSync(file);
  }
  writeFileSync(path.join(partial, 'build.json'), JSON.stringify(build, null, 2));
  rmSync(folder, { recursive: true, force: true });
  await rename(partial, folder);
  if (pin) writeFileSync(pins, `${JSON.stringify(all, null, 2)}\n`);
  say(`ffmpeg ${build.version} for ${target} is in ${folder}.`);
}

const { values } = parseArgs({
  options: {
    platform: { type: 'string', default: process.platform },
    arch: { type: 'string', default: process.arch },
    // For a list or a folder of one's own.
    pins: { type: 'string', default: path.join(RESOURCES, 'ffmpeg.json') },
    into: { type: 'string', default: path.join(RESOURCES, 'ffmpeg') },
    // Takes the files as they are now and writes their hashes into the list.
    pin: { type: 'boolean', default: false },
  },
});
try {
  await main(values);
} catch (error) {
  fail(error.message);
}
