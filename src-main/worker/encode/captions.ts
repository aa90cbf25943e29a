import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Outcome } from '../../../src-shared/jobs/lease.ts';
import { captionArgs } from '../../../src-shared/plan/caption-args.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { commandLine } from '../../../src-shared/text/command-line.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import { type ProcessManager, type RunOptions, STALL_MS } from '../../media/ffmpeg/process-manager.ts';
import { EncoderLog } from './encoder-log.ts';

/** The words of captions that were inside the pictures. */
export interface Captions {
  kind: 'captions';
  /** SubRip, with the times of the source's own clock. */
  file: string;
  /** 0 where the pictures carry nothing but padding. */
  lines: number;
}

/**
 * Reads the captions of a video out of its pictures.
 * @returns the words, or how the attempt ended: a skip where they are not all that the pictures carry
 * @throws Fault `node` when ffmpeg cannot be started, or storage is full or gone
 */
export async function readCaptions(
  processes: ProcessManager,
  tools: Tools,
  plan: Plan,
  source: string,
  folder: string,
  options: RunOptions,
): Promise<Captions | Outcome> {
  const file = path.join(folder, 'captions.srt');
  const raw = path.join(folder, 'captions.raw');
  const log = new EncoderLog();
  const args = captionArgs(plan, source, file, raw);
  const end = await processes.run(tools.ffmpeg, args, {
    ...options,
    stallMs: STALL_MS,
    onStdout: () => undefined,
    onStderr: (line) => log.add(line),
  });
  if (end.kind === 'cancelled') return { kind: 'released' };
  if (end.kind !== 'exit' || end.code !== 0) {
    log.requireStorage({ input: source, folder });
    const why = log.lastError ?? end.kind;
    const command = commandLine([tools.ffmpeg, ...args], process.platform === 'win32');
    return { kind: 'failed', reason: `Its closed captions could not be read: ${why}.`, log: log.text([command]) };
  }
  const { second, digital } = findCaptionFields(await readFile(raw));
  const lines = (await readFile(file, 'utf8')).match(/ --> /g)?.length ?? 0;
  const skip = (reason: string): Outcome => ({ kind: 'skip', code: 'captions', reason });
  if (second)
    return skip(
      'The pictures carry captions in two channels, for example of two languages; one of them would be lost.',
    );
  if (digital && lines === 0)
    return skip('The pictures carry captions of the newer kind alone (CEA-708), which ffmpeg cannot read.');
  return { kind: 'captions', file, lines };
}

/** Kinds of the triplets that captions are broadcast in, where they are marked valid (ANSI/CTA-708-E, 4.4). */
const FIELD_2 = 0xfd;
const PACKET_START = 0xff;

/**
 * What captions there are beside those of the first field: `second`, in the second one, which also carries programme data
 * that is no caption (CTA-608-E, 9); `digital`, in a service of CEA-708.
 */
export function findCaptionFields(triplets: Uint8Array): { second: boolean; digital: boolean } {
  let [second, digital, programmeData] = [false, false, false];
  for (let at = 0; at + 2 < triplets.length; at += 3) {
    const [kind, first = 0, next = 0] = triplets.subarray(at, at + 3);
    // The head of the first service block of a packet: service 0 is padding.
    if (kind === PACKET_START && next >> 5 !== 0) digital = true;
    // The highest bit is parity.
    const code = first & 0x7f;
    if (kind !== FIELD_2 || code === 0) continue;
    if (code < 0x20) programmeData = code < 0x0f;
    else if (!programmeData) second = true;
  }
  return { second, digital };
}
