import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { protect } from './index-page.ts';

/** The headers of an answer to a request with these ones; `secure` as Express tells it. */
async function headersFor(headers: Record<string, string>, secure?: boolean): Promise<ServerResponse> {
  const request = Object.assign(new IncomingMessage(new Socket()), { headers, secure });
  const response = new ServerResponse(request);
  await new Promise((resolve) => protect(request, response, resolve));
  return response;
}

it('Cross-Origin-Opener-Policy is sent only where browsers heed it, and the other headers everywhere', async () => {
  const isSent = async (...request: Parameters<typeof headersFor>) => {
    const response = await headersFor(...request);
    expect(response.getHeader('content-security-policy')).toContain("default-src 'self'");
    return response.hasHeader('cross-origin-opener-policy');
  };
  expect(await isSent({ host: 'nas:8090' })).toBe(false);
  expect(await isSent({ host: '192.168.1.5:8090' }, false)).toBe(false);
  expect(await isSent({ host: 'flotilla.example' }, true)).toBe(true);
  for (const host of ['localhost:8090', '127.0.0.1:8090', '[::1]:8090']) expect(await isSent({ host })).toBe(true);
  // Behind a proxy that isn't trusted, as the browser that came over TLS sends it.
  expect(await isSent({ host: 'flotilla.example', 'sec-fetch-site': 'none' }, false)).toBe(true);
});
