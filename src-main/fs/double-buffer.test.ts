import { expect, it } from 'vitest';
import { DoubleBuffer, MAX_PIECE_BYTES } from './double-buffer.ts';

it('hands over all that came, in order, and lets its giver wait while it has no room', async () => {
  let room = 0;
  const buffer = new DoubleBuffer(() => {
    room += 1;
  });
  const taken: number[] = [];
  const take = async () => {
    const bytes = await buffer.next();
    for (let at = 0; bytes && at < bytes.length; at += MAX_PIECE_BYTES) taken.push(bytes[at] ?? -1);
    return bytes?.length;
  };
  let put = 0;
  const fill = () => {
    while (buffer.put(Buffer.alloc(MAX_PIECE_BYTES, ++put)));
  };
  fill();
  const full = put;
  expect(await take()).toBe(full * MAX_PIECE_BYTES);
  expect(room).toBe(1);
  fill();
  expect(put).toBe(2 * full);
  buffer.end();
  expect(await take()).toBe(full * MAX_PIECE_BYTES);
  expect(await take()).toBeUndefined();
  expect(taken).toEqual(Array.from({ length: put }, (_, n) => n + 1));
});

it('waits for bytes, and tells the error it ended with once all is taken', async () => {
  const buffer = new DoubleBuffer(() => undefined);
  const waiting = buffer.next();
  buffer.put(Buffer.from('one'));
  expect((await waiting)?.toString()).toBe('one');
  buffer.put(Buffer.from('two'));
  buffer.end(new Error('cut'));
  buffer.end();
  expect((await buffer.next())?.toString()).toBe('two');
  await expect(buffer.next()).rejects.toThrow('cut');
});
