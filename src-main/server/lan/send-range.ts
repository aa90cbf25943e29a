import type { Request, Response } from 'express';
import { sendPart } from '../../fs/send-file-range.ts';

/** A file as it is given out. */
export interface Offer {
  /** Absolute. */
  file: string;
  /** In bytes. */
  size: number;
  /** Strong validator, quotes included. */
  etag: string;
}

/**
 * Answers GET and HEAD with a file or with one range of it (RFC 9110, 14), and If-Range; several ranges get the whole.
 * Resolves when it has gone, or when who asked for it has: they come back for the rest.
 * @throws Error when it cannot be opened
 */
export async function sendRange(request: Request, response: Response, { file, size, etag }: Offer): Promise<void> {
  response.set({ ETag: etag, 'Accept-Ranges': 'bytes' });
  const condition = request.get('if-range');
  const ranges = condition === undefined || condition === etag ? request.range(size) : undefined;
  if (ranges === -1) {
    response.set('Content-Range', `bytes */${size}`).sendStatus(416);
    return;
  }
  const range = Array.isArray(ranges) && ranges.type === 'bytes' && ranges.length === 1 ? ranges[0] : undefined;
  const { start, end } = range ?? { start: 0, end: size - 1 };
  if (range) response.status(206).set('Content-Range', `bytes ${start}-${end}/${size}`);
  response.set('Content-Length', String(end - start + 1));
  try {
    if (request.method !== 'HEAD') await sendPart({ file, start, size: end - start + 1 }, response);
    response.end();
  } catch (error) {
    if (!response.headersSent && !response.destroyed) throw error;
    response.destroy();
  }
}
