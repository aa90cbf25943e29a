import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { LookupFiles } from './lookup-tables.ts';

let folder: string;
let said: string[];
let lookups: LookupFiles;
const at = (name: string) => path.join(folder, name);
const quality = (content: string) => writeFileSync(at('quality_lookup.json'), content);
const standard = JSON.stringify(DEFAULT_TABLES.quality, null, 2);

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-test-'));
  said = [];
  lookups = await LookupFiles.open(folder, (sentence) => said.push(sentence));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('LookupFiles', () => {
  it('writes the tables in force on the first start, and never over them', async () => {
    expect(readdirSync(folder).sort()).toEqual(['audio_codec_lookup.json', 'quality_lookup.json']);
    expect(JSON.parse(readFileSync(at('quality_lookup.json'), 'utf8'))).toEqual(DEFAULT_TABLES.quality);
    expect(lookups.tables).toEqual(DEFAULT_TABLES);
    const mine = standard.replace('28', '29');
    quality(mine);
    await LookupFiles.open(folder, (sentence) => said.push(sentence));
    expect(readFileSync(at('quality_lookup.json'), 'utf8')).toBe(mine);
    expect(said).toEqual([]);
  });

  it('reads a changed table again', () => {
    quality(standard.replace('"x264": 28', '"x264": 40'));
    expect(lookups.tables.quality.SD.x264).toBe(40);
    writeFileSync(at('audio_codec_lookup.json'), '{"2": 128}');
    expect(lookups.tables.audio).toEqual({ 2: 128 });
    expect(lookups.tables.quality.SD.x264).toBe(40);
  });

  const broken: [content: string, why: RegExp][] = [
    [standard.replace('"x264": 28,', '"x264": 28'), /line 4: comma expected/],
    [standard.replace('"x264": 28', '"x264": 64'), /line 3: SD x264: .*63/],
    [standard.replace('"x264": 28', '"x264": "28"'), /line 3: SD x264: /],
    [standard.replace('"x264": 28,', ''), /line 2: SD x264: /],
    [standard.replace('"4K"', '"8K"'), /line 1: .*4K|line 1: /],
    ['', /line 1: /],
    ['[]', /line 1: table: /],
    [`// mine\n${standard}`, /line 1: /],
  ];
  it.for(broken)(
    'reports a broken one once, with line and reason, and keeps the last good one: %j',
    ([content, why]) => {
      quality(standard.replace('"x264": 28', '"x264": 40'));
      expect(lookups.tables.quality.SD.x264).toBe(40);
      quality(content);
      expect(lookups.tables.quality.SD.x264).toBe(40);
      expect(lookups.tables.quality.SD.x264).toBe(40);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(why);
      expect(said[0]).toMatch(/quality_lookup\.json isn.t used: .*The last valid table stays in effect\.$/);
      quality(standard);
      expect(lookups.tables.quality).toEqual(DEFAULT_TABLES.quality);
      expect(said).toHaveLength(1);
    },
  );

  it('keeps the last good one when the file is gone, and says so once', () => {
    rmSync(at('audio_codec_lookup.json'));
    expect([lookups.tables, lookups.tables]).toEqual([DEFAULT_TABLES, DEFAULT_TABLES]);
    expect(said).toEqual([expect.stringMatching(/audio_codec_lookup\.json isn't used: it is missing\./)]);
    writeFileSync(at('audio_codec_lookup.json'), '{"1": 48}');
    expect(lookups.tables.audio).toEqual({ 1: 48 });
  });
});
