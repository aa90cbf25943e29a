import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { isAlive, until } from '../../test/support/wait.ts';
import { LineProcess } from './line-process.ts';

/** Answers each line with its own process and how many it has read. */
const PROGRAM = 'n=0; while read -r line; do n=$((n+1)); echo "$$ $n"; done';
const asked = async (asker: LineProcess) => (await asker.ask())?.split(' ').map(Number) ?? [];

describe.skipIf(process.platform === 'win32')('the asker of a program (needs a shell)', () => {
  it('has one program answer all, and starts it again when it has ended', async () => {
    const asker = new LineProcess('sh', ['-c', PROGRAM]);
    const [pid, ...first] = await asked(asker);
    expect(first).toEqual([1]);
    // Who asks meanwhile hears the same.
    expect(await Promise.all([asked(asker), asked(asker)])).toEqual([
      [pid, 2],
      [pid, 2],
    ]);
    process.kill(pid as number, 'SIGKILL');
    await until(async () => {
      const [other, number] = await asked(asker);
      expect([other !== pid, number]).toEqual([true, 1]);
    });
    expect(await new LineProcess('/there/is/none', []).ask()).toBeUndefined();
  });

  it('leaves none behind, however its own program ends', async () => {
    const file = path.join(tempFolder(), 'asks.ts');
    writeFileSync(
      file,
      `import { LineProcess } from ${JSON.stringify(path.resolve(import.meta.dirname, 'line-process.ts'))};
      console.log(await new LineProcess('sh', ['-c', ${JSON.stringify(PROGRAM)}]).ask());
      process.kill(process.pid, 'SIGKILL');`,
    );
    const { stdout } = await execa(process.execPath, [file], { reject: false });
    expect(stdout).toMatch(/^\d+/);
    await until(() => expect(isAlive(Number.parseInt(stdout, 10))).toBe(false));
  });
});
