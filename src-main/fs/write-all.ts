import type { FileHandle } from 'node:fs/promises';

/** Writes all of `data` from byte `position` on: a disk that is nearly full takes a part of it, and refuses the next one only. */
export async function writeAll(handle: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    done += (await handle.write(data, done, data.length - done, position + done)).bytesWritten;
  }
}
