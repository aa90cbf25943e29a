import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Tools } from '../media/capabilities.ts';
import type { ProcessManager } from '../media/process.ts';

/** Frames of the picture: half a second. */
const FRAMES = 12;
/** It takes a second; a computer that needs so long for it is of no use, in ms. */
const PATIENCE_MS = 60_000;

const PICTURE = ['-f', 'lavfi', '-i', `testsrc2=s=128x96:r=24:d=${FRAMES / 24}`];
const TONE = ['-f', 'lavfi', '-i', `sine=d=${FRAMES / 24}`];
const CODECS = ['-pix_fmt', 'yuv420p', '-c:v', 'libsvtav1', '-preset', '12', '-c:a', 'libopus'];

/**
 * Converts a picture and a tone that ffmpeg makes itself, as films are converted, and counts what is in the result.
 * @param folder where the result is, for as long as this takes
 * @returns what is wrong with the ffmpeg of this computer; null where all is well
 */
export async function testEncoder(
  processes: ProcessManager,
  tools: Tools,
  folder: string,
  signal: AbortSignal,
): Promise<string | null> {
  const file = path.join(folder, 'test.mkv');
  const ask = async (program: string, args: string[]) => {
    const { end, stdout, stderr } = await processes.capture(program, args, { signal, timeoutMs: PATIENCE_MS });
    if (end.kind === 'exit' && end.code === 0) return { stdout, problem: null };
    const how = { exit: 'it failed', stalled: 'it did not end', cancelled: 'it was ended', killed: 'it was killed' };
    return { stdout, problem: stderr.at(-1) ?? how[end.kind] };
  };
  const log = ['-nostdin', '-v', 'error', '-y'];
  const encode = await ask(tools.ffmpeg, [...log, ...PICTURE, ...TONE, ...CODECS, '-f', 'matroska', `file:${file}`]);
  if (encode.problem) return encode.problem;
  const counting = ['-v', 'error', '-count_frames', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_frames'];
  const count = await ask(tools.ffprobe, [...counting, '-of', 'csv=p=0', `file:${file}`]);
  await rm(file, { force: true });
  if (count.problem) return count.problem;
  const frames = Number.parseInt(count.stdout, 10);
  return frames === FRAMES ? null : `its result has ${frames || 'no'} frames instead of ${FRAMES}`;
}
