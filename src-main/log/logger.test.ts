/** What names of files and computers can do to whoever reads the log: nothing. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { plainLines } from '../../src-shared/util/plain-text.ts';
import { filesIn } from '../test/support/files.ts';
import { tempFolder } from '../test/support/temp.ts';
import { makeKeptLog } from './logger.ts';

it('keeps names that command a terminal or forge lines as what they are: names', async () => {
  const folder = tempFolder();
  const log = await makeKeptLog('info', folder);
  const name = '\u001b[2J\u001b[31mred\u0007\u009b.mkv\n{"level":60,"msg":"forged"}';
  log.info({ path: name, error: `first\nsecond \\u001b ${name}` }, `${name}: taken`);
  log.warn(new Error(`cannot read ${name}`), name);
  const [file = ''] = filesIn(folder).filter((found) => found.endsWith('.log'));
  const text = readFileSync(path.join(folder, file), 'utf8');
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  const [told, failed] = lines.map((line) => JSON.parse(line) as Record<string, string>);
  const shown = [text, told?.path, told?.error, JSON.stringify(failed)].join('');
  expect(plainLines(shown)).toBe(shown);
  expect(told?.msg).toBe('�[2J�[31mred��.mkv�{"level":60,"msg":"forged"}: taken');
  expect(told?.error).toContain('first\nsecond \\u001b �[2J');
  expect(failed?.msg).not.toContain('\n');
});
