/** What every call of the contract keeps to. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { Greeting, Hello } from '../fleet/protocol.ts';
import { Grant, Orders, Sentinel } from '../jobs/lease.ts';
import { Probe } from '../media/probe.ts';
import { Plan } from '../plan/plan.ts';
import { CONTRACT } from './index.ts';

interface Node {
  type?: string;
  pattern?: string;
  maxLength?: number;
  maxItems?: number;
  enum?: unknown[];
  const?: unknown;
  [key: string]: unknown;
}

/** The places in a schema where a text or a list has no end. */
function endless(node: unknown, at: string): string[] {
  if (Array.isArray(node)) return node.flatMap((part, i) => endless(part, `${at}[${i}]`));
  if (typeof node !== 'object' || node === null) return [];
  const { type, pattern, maxLength, maxItems, enum: values, const: value } = node as Node;
  // Patterns of fixed length end by themselves.
  const isFixed = pattern !== undefined && !/[*+]|,\}/.test(pattern.replace(/\\.|\[[^\]]*\]/g, ''));
  const isEndless =
    (type === 'string' && maxLength === undefined && !values && value === undefined && !isFixed) ||
    (type === 'array' && maxItems === undefined && !('prefixItems' in node));
  return [...(isEndless ? [at] : []), ...Object.entries(node).flatMap(([key, part]) => endless(part, `${at}.${key}`))];
}

const schemaOf = (type: z.ZodType) => z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });

it.each([
  ...Object.entries(CONTRACT).map(([name, { input }]) => [name, input] as const),
  ...Object.entries({ Greeting, Hello, Orders, Sentinel, Grant }),
])('%s takes no text and no list without an end', (name, type) => {
  expect(endless(schemaOf(type), name)).toEqual([]);
});

it('texts of other computers lose what a terminal might obey', () => {
  const outcome = { kind: 'failed', reason: 'a\u001b[2Jb\nc\u202ed', log: '' };
  const given = CONTRACT['job.finish'].input.parse({ task: 1, epoch: 1, outcome });
  expect(given.outcome).toMatchObject({ reason: 'a�[2Jb�c�d' });
  const endless = { ...outcome, reason: 'x'.repeat(2001) };
  expect(CONTRACT['job.finish'].input.safeParse({ task: 1, epoch: 1, outcome: endless }).success).toBe(false);
});

it('a worker takes no plan that names a playlist, a script, a filter or a device', () => {
  const plan = { kind: 'convert', demuxer: 'matroska', container: 'mkv', streams: [] };
  const probe = { format: 'matroska,webm', streams: [], chapters: 0 };
  const grant = {
    ...{ task: 1, epoch: 1, file: 1, library: 1, path: 'a.mkv', size: 1, version: '1', uselessAt: 1 },
    ...{ plan, probe, priority: { nice: 0, ionice: 0 }, convertDamaged: false },
  };
  expect(Grant.safeParse(grant).success).toBe(true);
  for (const demuxer of [
    'hls',
    'concat',
    'vapoursynth',
    'avisynth',
    'lavfi',
    'x11grab',
    'image2',
    'dash',
    'tedcaptions',
  ]) {
    expect(Grant.safeParse({ ...grant, plan: { ...plan, demuxer } }).success).toBe(false);
    expect(Grant.safeParse({ ...grant, probe: { ...probe, format: demuxer } }).success).toBe(false);
    expect(Grant.safeParse({ ...grant, probe: { ...probe, format: `${demuxer},matroska` } }).success).toBe(false);
  }
  const audio = { action: 'opus', type: 'audio', source: 0, from: '', to: '', kbps: 96, channels: 2 };
  const withLayout = (layout: string) => ({ ...grant, plan: { ...plan, streams: [{ ...audio, layout }] } });
  expect(Grant.safeParse(withLayout('5.1')).success).toBe(true);
  for (const layout of ['5.1,amovie=/etc/passwd', 'stereo|mono', 'hexagonal', ''])
    expect(Grant.safeParse(withLayout(layout)).success).toBe(false);
  for (const flag of ['default+forced', '0', '-y', 'a b']) {
    const streams = [{ index: 0, type: 'audio', channels: 2, dispositions: [flag] }];
    expect(Grant.safeParse({ ...grant, probe: { ...probe, streams } }).success).toBe(false);
  }
});

it('texts from a video are truncated to a stable length, without characters that cannot be passed to a program', () => {
  const streams = [
    { index: 0, type: 'audio', channels: 2, title: `a\0${'b'.repeat(9000)}`, customTags: Array(5000).fill('key') },
  ];
  const probe = Probe.parse({ format: 'mp4', streams, chapters: 0 });
  expect(probe.streams[0]).toMatchObject({ title: `a${'b'.repeat(999)}`, customTags: { length: 1000 } });
  expect(Probe.parse(probe)).toEqual(probe);
  const drop = { action: 'drop', type: 'data', source: 0, from: 'x'.repeat(9000), to: 'left out', why: 'a\u001b[2J' };
  const plan = Plan.parse({ kind: 'convert', demuxer: 'mov', container: 'mkv', streams: [drop] });
  expect(plan.streams[0]).toMatchObject({ from: expect.stringMatching(/^x{1999}…$/), why: 'a�[2J' });
});

it('a sentinel has a place and a form that no other file has', () => {
  const sentinel = { root: '/videos', file: `.flotilla/sentinel-${'a'.repeat(32)}`, content: 'A'.repeat(43) };
  expect(Sentinel.safeParse(sentinel).success).toBe(true);
  for (const other of [
    { file: 'passwd' },
    { file: `../.flotilla/sentinel-${'a'.repeat(32)}` },
    { file: '.flotilla/sentinel-x' },
    { content: 'root:x:0:0' },
    { content: '' },
    { content: 'A'.repeat(44) },
  ])
    expect(Sentinel.safeParse({ ...sentinel, ...other }).success).toBe(false);
});
