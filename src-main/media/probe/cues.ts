/** What players seek by in Matroska files: their cues (RFC 9559, 5.1.5). */
import { children, extentAt, fieldsOf, uint } from './ebml.ts';
import { ID, withPart } from './matroska.ts';

/** Cues of one file; one with a cue for every key frame of a day has some 100,000. */
const MAX_CUES = 200_000;
/** Nanoseconds of a tick where the file doesn't say (RFC 9559, 5.1.2.9). */
const TICK_NS = 1_000_000;

/** A place in a file where reading can begin. */
export interface Cue {
  /** In s, as ffprobe counts. */
  time: number;
  /** Of the cluster that holds it, in bytes from the beginning of the file. */
  position: number;
}

/**
 * Reads the cues of a Matroska file, those of all tracks, in its order; undefined when it has none that make sense.
 * @throws the operating system's error when the file can't be read
 */
export async function readCues(file: string): Promise<Cue[] | undefined> {
  const tick = await withPart(file, ID.Info, 'r', (info) => uint(fieldsOf(info).get(ID.TimestampScale)) ?? TICK_NS);
  if (tick === undefined) return undefined;
  return withPart(file, ID.Cues, 'r', async (cues, _, handle) => {
    const segment = await extentAt(handle, (await extentAt(handle, 0)).end);
    return children(cues, MAX_CUES)
      .filter(({ id }) => id === ID.CuePoint)
      .flatMap(({ data }) => {
        const parts = children(data);
        const at = uint(parts.find(({ id }) => id === ID.CueTime)?.data);
        const places = parts.filter(({ id }) => id === ID.CueTrackPositions);
        return places.flatMap((place) => {
          const offset = uint(fieldsOf(place.data).get(ID.CueClusterPosition));
          if (at === undefined || offset === undefined) return [];
          return { time: (at * tick) / 1e9, position: segment.start + offset };
        });
      });
  });
}
