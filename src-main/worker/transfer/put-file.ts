import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type Agent, request as openRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { sendPart } from '../../fs/send-file-range.ts';
import type { Bandwidth } from './bandwidth.ts';
import { faultIn, IDLE_MS, idleError } from './retry.ts';

/** A small file to send in one request. */
export interface PutRequest {
  url: string;
  agent: Agent;
  file: string;
  bandwidth: Bandwidth;
  signal: AbortSignal;
}

/**
 * Sends a whole file by HTTP PUT.
 * @throws Fault with the master's sentence when it refuses
 * @throws Error of the network; call it again then
 */
export async function putFile({ url, agent, file, bandwidth, signal }: PutRequest): Promise<void> {
  const { size } = await stat(file);
  signal.throwIfAborted();
  const request = openRequest(url, { method: 'PUT', agent, headers: { 'Content-Length': size }, signal });
  request.setTimeout(IDLE_MS, () => request.destroy(idleError()));
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  const sending = sendPart({ file, start: 0, size }, request, { limit: bandwidth })
    .then(() => void request.end())
    .catch((error) => void request.destroy(error));
  // A refusal may come before the body has gone; then the rest of it stays here.
  await Promise.race([sending, answered]);
  const [answer] = await answered;
  const body = await text(answer);
  if (answer.statusCode !== 204) {
    request.destroy();
    throw faultIn(answer.statusCode ?? 0, body);
  }
}
