import path from 'node:path';
import { Command } from 'commander';
import type { ChunkView } from '../../src-shared/jobs/chunk-lease.ts';
import { count, formatBytes } from '../../src-shared/text/format.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { withMaster } from './connect.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printJson } from './print.ts';

interface ChunksOptions extends CommonOptions {
  json?: true;
  allComputers?: boolean;
}

/** `flotilla chunks` */
export function chunksCommand(): Command {
  const command = new Command('chunks')
    .description(
      'list the chunks of a video that is being converted: frames, state, size, and computers; or have all computers work on a video',
    )
    .argument('<video>', 'path of the video')
    .option('--json', 'one JSON object per chunk')
    .option('--all-computers', 'instead of the list: computers help with this video before they begin another one')
    .option('--no-all-computers', 'undo it')
    .action(async (video: string, { data, json, allComputers: on }: ChunksOptions) => {
      if (on !== undefined) return setAllComputers(video, on, data);
      const { chunks } = await withMaster(data, (call) => call('chunk.list', { path: path.resolve(video) }));
      if (json) for (const chunk of chunks) printJson(chunk);
      else {
        print(...tableOf(chunks));
        const done = chunks.filter(({ state }) => state === 'done').length;
        print(`${done} of ${count(chunks.length, 'chunk')} done`);
      }
    });
  return addDataOption(command);
}

async function setAllComputers(video: string, on: boolean, data: string): Promise<void> {
  const file = path.resolve(video);
  const { changed } = await withMaster(data, (call) => call('file.allComputers', { path: file, on }));
  if (changed === 0) throw new Fault('usage', `${file} is neither queued nor running.`);
  print(on ? `Computers help with ${file} before they begin another video.` : 'Computers return to the queue.');
}

/** Lines of a table: the frames of each chunk, its state, its size, and the computers that encode it or have encoded it. */
function tableOf(chunks: ChunkView[]): string[] {
  const rows = chunks.map(({ from, to, state, size, computers }) => [
    `${from}-${to - 1}`,
    state,
    size === null ? '' : formatBytes(size),
    computers.join(', '),
  ]);
  const table = [['frames', 'state', 'size', 'computers'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
