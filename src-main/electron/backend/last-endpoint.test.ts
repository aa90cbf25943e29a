import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { readLastEndpoint, writeLastEndpoint } from './last-endpoint.ts';

it.each([
  { listen: '127.0.0.1', webPort: 8090, basePath: '/', base: '' },
  { listen: '0.0.0.0', webPort: 80, basePath: '/videos/', base: '/videos' },
  { listen: '::1', webPort: 9000, basePath: '/', base: '' },
])('is read as it was noted: $listen, port $webPort, $basePath', async ({ base, ...settings }) => {
  const file = path.join(tempFolder(), 'endpoint');
  await writeLastEndpoint(file, settings);
  expect(await readLastEndpoint(file)).toEqual({ address: settings.listen, port: settings.webPort, base });
});

it('is not known before the first start, after one at any free port, or from what is no address', async () => {
  const file = path.join(tempFolder(), 'endpoint');
  expect(await readLastEndpoint(file)).toBeUndefined();
  await writeLastEndpoint(file, { listen: '127.0.0.1', webPort: 0, basePath: '/' });
  expect(await readLastEndpoint(file)).toBeUndefined();
  writeFileSync(file, 'half of a');
  expect(await readLastEndpoint(file)).toBeUndefined();
});
