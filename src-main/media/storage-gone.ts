/** Said by storage that is gone, of no damaged film; unlike "Input/output error", which some demuxers say of those too. */
const STORAGE_GONE = /Stale file handle|Transport endpoint is not connected|Host is down|No such device/;

/** Returns what a line of ffmpeg's log says of storage that went away; undefined for any other line. */
export function storageGone(line: string): string | undefined {
  return STORAGE_GONE.exec(line)?.[0];
}
