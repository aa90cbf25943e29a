/** Title and tags of Matroska files, which stand on levels (episode, season, show) and may be repeated: ffmpeg has one flat list. */
import type { Probe } from '../../../src-shared/media/probe.ts';
import { STALE_TAGS } from '../../../src-shared/plan/ffmpeg-args.ts';
import { children, fieldsOf, uint } from './ebml.ts';
import { ID, withPart } from './matroska.ts';

/** The level of an episode or a film, and of tags that name none (RFC 9559, 5.1.8.1.1.1). */
const DEFAULT_LEVEL = 50;
const STALE = new Set(STALE_TAGS);

/** One tag of a file, of a track, of a chapter, or of an attachment. */
interface Tag {
  /** What it belongs to. */
  owner: string;
  name: string;
  level: number;
  /** Undefined for binary data, which ffmpeg does not read. */
  value: string | undefined;
}

const utf8 = (data: Buffer | undefined) => data?.toString('utf8').replace(/\0.*$/s, '');

function tagsIn(part: Buffer): Tag[] {
  const tags = children(part).filter(({ id }) => id === ID.Tag);
  return tags.flatMap(({ data }): Tag[] => {
    const targets = fieldsOf(fieldsOf(data).get(ID.Targets) ?? Buffer.of());
    const owners = [ID.TagTrackUID, ID.TagChapterUID, ID.TagAttachmentUID].map((id) => uint(targets.get(id)) || '');
    const level = uint(targets.get(ID.TargetTypeValue)) ?? DEFAULT_LEVEL;
    const simple = children(data).filter(({ id }) => id === ID.SimpleTag);
    return simple.map(({ data: entry }) => {
      const fields = fieldsOf(entry);
      const name = (utf8(fields.get(ID.TagName)) ?? '').toUpperCase();
      return { owner: owners.join(), name, level, value: utf8(fields.get(ID.TagString)) };
    });
  });
}

/** Names of those of which ffmpeg would not keep all values and levels: the last one of any language overrules those before. */
function mergedIn(tags: Tag[]): string[] {
  const first = new Map<string, Tag>();
  const merged = tags.filter((tag) => {
    const key = `${tag.owner} ${tag.name}`;
    const other = first.get(key);
    if (!other) first.set(key, tag);
    return tag.level !== DEFAULT_LEVEL || tag.value === undefined || (other && other.value !== tag.value);
  });
  return [...new Set(merged.map(({ name }) => name))].filter((name) => name && !STALE.has(name));
}

/**
 * Returns the title of a Matroska file by its own field, which ffmpeg overrules with any tag called so, and the names of tags that it
 * would merge; neither where there is none, or where the file is no sound Matroska.
 * @throws the operating system's error when the file cannot be read
 */
export async function readTags(file: string): Promise<Pick<Probe, 'title' | 'mergedTags'>> {
  const title = await withPart(file, ID.Info, 'r', (info) => utf8(fieldsOf(info).get(ID.Title)));
  const tags = (await withPart(file, ID.Tags, 'r', tagsIn)) ?? [];
  const ofFile = title ? [{ owner: ',,', name: 'TITLE', level: DEFAULT_LEVEL, value: title }] : [];
  const mergedTags = mergedIn([...ofFile, ...tags]);
  return { ...(title && { title }), ...(mergedTags.length > 0 && { mergedTags }) };
}
