/** How Matroska files refer to each other and to their own parts: chapters beyond a plain list, and the number of a segment. */
import { ChapterFeature } from '../../../src-shared/media/probe.ts';
import { children, type Element, fieldsOf, renewCrc, store, uint } from './ebml.ts';
import { ID, withPart } from './matroska.ts';

const has = (elements: Element[], ...ids: number[]) => elements.some(({ id }) => ids.includes(id));

/** Value of a flag, or its default where the file lacks it. */
function flag(elements: Element[], id: number, standard: number): number {
  return uint(elements.find((element) => element.id === id)?.data) ?? standard;
}

function featuresOfAtom(atom: Element, depth: number): ChapterFeature[] {
  const parts = children(atom.data);
  const below = parts.filter(({ id }) => id === ID.ChapterAtom);
  const names = parts.filter(({ id }) => id === ID.ChapterDisplay);
  const switched = flag(parts, ID.ChapterFlagHidden, 0) === 1 || flag(parts, ID.ChapterFlagEnabled, 1) === 0;
  return [
    ...(has(parts, ID.ChapterSegmentUUID, ID.ChapterSegmentEditionUID) ? (['linked'] as const) : []),
    ...(has(parts, ID.ChapProcess) ? (['commands'] as const) : []),
    ...(depth > 0 ? (['nested'] as const) : []),
    ...(names.length > 1 ? (['languages'] as const) : []),
    ...(switched ? (['flags'] as const) : []),
    ...below.flatMap((child) => featuresOfAtom(child, depth + 1)),
  ];
}

/** @param listed how many of them ffmpeg lists */
function featuresOfChapters(chapters: Buffer, listed: number): ChapterFeature[] {
  const editions = children(chapters).filter(({ id }) => id === ID.EditionEntry);
  const found = editions.flatMap((edition): ChapterFeature[] => {
    const parts = children(edition.data);
    return [
      ...(flag(parts, ID.EditionFlagOrdered, 0) === 1 ? (['ordered'] as const) : []),
      ...(flag(parts, ID.EditionFlagHidden, 0) === 1 ? (['flags'] as const) : []),
      ...parts.filter(({ id }) => id === ID.ChapterAtom).flatMap((atom) => featuresOfAtom(atom, 0)),
    ];
  });
  const count = editions.flatMap(({ data }) => children(data)).filter(({ id }) => id === ID.ChapterAtom).length;
  return [
    ...found,
    ...(editions.length > 1 ? (['editions'] as const) : []),
    // ffmpeg drops those that do not begin after the one before, to the nanosecond, and those without a number of their own. Both the
    // source and the result are read by it, so that no comparison of the two would show it.
    ...(count === listed ? [] : (['unlisted'] as const)),
  ];
}

/**
 * What of a Matroska file's chapters, and of its links to other files, ffmpeg would not carry into a result.
 * @param listed how many chapters ffmpeg lists
 * @returns each once, the gravest first; empty for a plain list, and where there are none or the file is no sound Matroska
 * @throws the operating system's error when the file cannot be read
 */
export async function readChapterFeatures(file: string, listed: number): Promise<ChapterFeature[]> {
  const chapters = (await withPart(file, ID.Chapters, 'r', (part) => featuresOfChapters(part, listed))) ?? [];
  const linked = await withPart(file, ID.Info, 'r', (info) =>
    has(children(info), ID.PrevUUID, ID.NextUUID, ID.SegmentFamily),
  );
  const found = new Set<ChapterFeature>([...chapters, ...(linked ? (['linked'] as const) : [])]);
  return ChapterFeature.options.filter((feature) => found.has(feature));
}

/**
 * Gives a Matroska file that ffmpeg wrote the number of the original's segment, by which other files may refer to it.
 * The result keeps its length.
 * @returns false where the original has none, or one of the two is no sound Matroska
 * @throws the operating system's error when a file cannot be read or written
 */
export async function keepSegmentNumber(original: string, result: string): Promise<boolean> {
  const number = await withPart(original, ID.Info, 'r', (info) => fieldsOf(info).get(ID.SegmentUUID));
  if (!number) return false;
  const done = await withPart(result, ID.Info, 'r+', async (info, extent, handle) => {
    const place = fieldsOf(info).get(ID.SegmentUUID);
    if (place?.length !== number.length) return false;
    number.copy(place);
    renewCrc(info);
    await store(handle, extent, info);
    return true;
  });
  return done ?? false;
}
