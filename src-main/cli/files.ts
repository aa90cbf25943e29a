import path from 'node:path';
import { Command, Option } from 'commander';
import { type FileView, STATES } from '../../src-shared/contract/file-view.ts';
import { SKIP_CODES } from '../../src-shared/plan/skip.ts';
import { count } from '../../src-shared/text/format.ts';
import { withMaster } from './connect.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printJson } from './print.ts';

/** Files asked for at a time. */
const PAGE = 500;

interface FilesOptions extends CommonOptions {
  state?: FileView['state'];
  code?: string;
  json?: true;
}

/** `flotilla files` */
export function filesCommand(): Command {
  const command = new Command('files')
    .description('list videos with their state and reason; for example, --code damaged lists the damaged ones')
    .addOption(new Option('--state <state>', 'only videos in this state').choices(STATES))
    .option('--code <code>', `only videos with this reason: ${SKIP_CODES.join(', ')} …`)
    .option('--json', 'one JSON object per video')
    .action(async ({ data, state, code, json }: FilesOptions) => {
      const found = await withMaster(data, async (call) => {
        const roots = new Map((await call('library.list', {})).map((library) => [library.id, library.root]));
        let shown = 0;
        for (let after = 0; ; ) {
          const page = await call('file.list', { after, limit: PAGE, ...(state && { state }), ...(code && { code }) });
          for (const file of page) {
            const place = path.join(roots.get(file.library) ?? '', file.path);
            if (json) printJson({ ...file, path: place });
            else print(`${file.state.padEnd(8)}${place}${file.reason ? `: ${file.reason}` : ''}`);
          }
          shown += page.length;
          const last = page.at(-1);
          if (!last || page.length < PAGE) return shown;
          after = last.id;
        }
      });
      if (!json) print(count(found, 'video'));
    });
  return addDataOption(command);
}
