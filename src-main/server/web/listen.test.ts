import { expect, it } from 'vitest';
import { urlOf } from './listen.ts';

it.each([
  ['127.0.0.1', 8080, 'http://127.0.0.1:8080'],
  ['0.0.0.0', 8080, 'http://localhost:8080'],
  ['::1', 8080, 'http://[::1]:8080'],
  // What a page at the standard port says that it comes from.
  ['127.0.0.1', 80, 'http://127.0.0.1'],
])('%s, port %i is %s', (address, port, url) => {
  expect(urlOf(address, port)).toBe(url);
});
