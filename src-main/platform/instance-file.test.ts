import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../test/support/temp.ts';
import { dataPaths } from './data-paths.ts';
import { InstanceFile, readInstance } from './instance-file.ts';

describe('the instance file', () => {
  it('shows where the program listens as soon as it does, and nothing once it is removed', () => {
    const data = tempFolder();
    const file = new InstanceFile(dataPaths(data).instance);
    expect(readInstance(data)).toBeUndefined();
    file.write();
    expect(readInstance(data)).toEqual({ pid: process.pid, url: null, lanPort: null });
    file.write({ url: 'http://127.0.0.1:8090' });
    file.write({ lanPort: 8091 });
    expect(readInstance(data)).toEqual({ pid: process.pid, url: 'http://127.0.0.1:8090', lanPort: 8091 });
    file.write({ lanPort: null });
    expect(readInstance(data)).toMatchObject({ url: 'http://127.0.0.1:8090', lanPort: null });
    file.remove();
    file.write({ lanPort: 8091 });
    expect(readInstance(data)).toBeUndefined();
  });

  it('of an older version, which has no port for workers, is read', () => {
    const data = tempFolder();
    writeFileSync(dataPaths(data).instance, JSON.stringify({ pid: process.pid, url: null }));
    expect(readInstance(data)).toEqual({ pid: process.pid, url: null, lanPort: null });
  });

  it.each(['', '{"pid":', '{"pid":"1"}'])('that holds %j counts as none', (text) => {
    const data = tempFolder();
    writeFileSync(dataPaths(data).instance, text);
    expect(readInstance(data)).toBeUndefined();
  });
});
