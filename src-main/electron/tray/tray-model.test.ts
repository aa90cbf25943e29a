import { describe, expect, it } from 'vitest';
import type { Employment, WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import type { Live } from '../../../src-shared/contract/index.ts';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import type { Progress } from '../../../src-shared/jobs/lease.ts';
import { type Status, statusOf } from '../backend/status.ts';
import { idleReason, sameButNumbers, type TrayItem, trayModel } from './tray-model.ts';

const NOON = new Date(2026, 10, 20, 12, 0, 0);
const COUNTS = { found: 0, queued: 0, running: 0, done: 0, skipped: 0, failed: 0, blocked: 0 };
const LIVE = {
  ...{ counts: COUNTS, onHold: 0 },
  running: [],
  paused: null,
  pausedUntil: null,
  held: false,
  problems: [],
  eta: null,
  master: null,
  workers: [],
  stages: {},
} as unknown as Live;

const video = (path: string, progress: Progress): Live['running'][number] => ({
  ...{ task: 1, file: 1, library: 1, path, worker: 'here', workerId: 'x', progress },
});
const encoding = (path: string, share: number, eta: number) => video(path, { stage: 'encoding', share, eta });
const problem = (kind: Live['problems'][number]['kind']) =>
  ({ id: kind, kind, sentence: 'Something.', library: null, count: 1, filter: null }) as const;

const status = (live: Partial<Live>): Status => statusOf({ ...LIVE, ...live });
const lines = (items: TrayItem[]): string[] =>
  items.flatMap((item) => (item.kind === 'line' ? [] : [item.label, ...lines(item.items ?? [])]));
const menu = (live: Partial<Live>, leaving = false) => {
  const model = trayModel(status(live), { leaving, now: NOON });
  return { ...model, lines: lines(model.items) };
};

describe('the tray', () => {
  it('is calm while there is nothing to do', () => {
    const { icon, tooltip, lines } = menu({});
    expect({ icon, tooltip }).toEqual({ icon: 'idle', tooltip: 'Flotilla\nIdle' });
    expect(lines[0]).toBe('Idle');
    expect(lines.slice(1)).toEqual([
      'Open Flotilla',
      'Pause',
      'For 1 hour',
      expect.stringMatching(/^Until tomorrow at 0?6:00/),
      'Until I resume',
      'Quit Flotilla',
    ]);
  });

  it('shows running videos, the progress of all of them over all stages, and when everything is done', () => {
    const running = [
      encoding('Videos/Night ferry.mkv', 0.42, 200),
      video('Videos/The long tide.mkv', { stage: 'checking' }),
    ];
    const { icon, quarter, tooltip, lines } = menu({ running, eta: 7200, counts: { ...COUNTS, queued: 3 } });
    expect({ icon, quarter }).toEqual({ icon: 'working', quarter: 2 });
    expect(lines[0]).toMatch(/^2 videos running, done today around /);
    expect(lines.slice(1, 3)).toEqual(['Night ferry.mkv: 36%, about 5 min', 'The long tide.mkv: 79%, verifying']);
    expect(lines).toContain('Finish running conversions first');
    // Of both together, each over all its stages.
    expect(tooltip).toMatch(/^Flotilla: 57%\n/);
    expect(tooltip).toContain('Night ferry.mkv: 36%');
  });

  it('fills its bar by quarters, and sums many videos up', () => {
    const running = Array.from({ length: 6 }, (_, n) => encoding(`Video ${n}.mkv`, 0.99, 100));
    const { quarter, lines, tooltip } = menu({ running });
    expect(quarter).toBe(3);
    expect(lines.slice(0, 5)).toEqual([
      '6 videos running',
      expect.stringContaining('Video 0'),
      expect.stringContaining('Video 1'),
      expect.stringContaining('Video 2'),
      'and 3 more',
    ]);
    expect(tooltip.length).toBeLessThanOrEqual(127);
  });

  it('says until when it is paused, and offers to resume', () => {
    const until = NOON.getTime() + 3_600_000;
    const { icon, lines } = menu({ paused: 'Paused by you.', pausedUntil: until, held: true });
    expect(icon).toBe('paused');
    expect(lines[0]).toMatch(/^Paused by you until \d/);
    expect(lines).toContain('Resume');
    expect(lines).not.toContain('Pause');
    const gentle = menu({ paused: 'Paused by you.', running: [encoding('Night ferry.mkv', 0.9, 60)] });
    expect([gentle.icon, gentle.lines[0]]).toEqual(['working', 'Finishing current work, then pausing']);
  });

  it('asks for attention where the user has to decide', () => {
    const failed = menu({ problems: [problem('files'), problem('library')] });
    expect([failed.icon, failed.lines[1]]).toEqual(['attention', '2 issues']);
    const fault = menu({ paused: 'The disk is full.', problems: [problem('queue')] });
    expect([fault.icon, fault.lines[0]]).toEqual(['attention', 'Waiting: The disk is full.']);
    const working = menu({ problems: [problem('files')], running: [encoding('Night ferry.mkv', 0.5, 60)] });
    expect([working.icon, working.lines[2]]).toEqual(['working', '1 issue']);
  });

  const MASTER = { name: 'nas', origin: 'https://nas:8091', state: 'online', code: null, problem: null } as const;
  const WORK: Employment = {
    ...{ running: [], settings: WORKER_DEFAULTS, mode: 'active', yielding: null, senses: [], zone: 'UTC', page: null },
  };
  const employed = (work: Partial<Employment>) => menu({ master: { ...MASTER, work: { ...WORK, ...work } } });

  it('shows the work for a master on another computer', () => {
    const busy = employed({ running: [encoding('Videos/Night ferry.mkv', 0.6, 60)] });
    expect([busy.icon, busy.quarter, ...busy.lines.slice(0, 2)]).toEqual([
      ...['working', 1, 'Working for nas', 'Night ferry.mkv: 48%, about 2 min'],
    ]);
    expect([employed({}).icon, employed({}).lines[0]]).toEqual(['idle', 'Ready to work for nas']);
    const still = employed({ mode: 'paused', running: [encoding('Night ferry.mkv', 0.6, 60)] });
    expect([still.icon, still.lines[0]]).toEqual(['paused', 'Paused by nas']);
  });

  it('says why this computer pauses, and keeps showing other computers that work', () => {
    const running = [encoding('Night ferry.mkv', 0.4, 60)];
    const here = { name: 'desk', local: true, connected: true, mode: 'active', state: 'yielding' } as const;
    const workers = [{ ...here, problem: 'Waiting: on battery.' }] as WorkerView[];
    const alone = menu({ running, workers });
    expect([alone.icon, alone.lines[0]]).toEqual(['paused', 'Waiting: on battery']);
    const other = { ...here, name: 'attic', local: false, state: 'working', problem: null } as WorkerView;
    expect(menu({ running, workers: [...workers, other] }).lines[0]).toBe('1 video running');
    expect(menu({ workers }).lines[0]).toBe('Idle');

    const held = employed({ running, yielding: { cause: 'active', held: true } });
    expect([held.icon, held.lines[0]]).toEqual(['paused', "Waiting: you're using this computer"]);
    const finishing = employed({ running, yielding: { cause: 'battery', held: false } });
    expect([finishing.icon, finishing.lines[0]]).toEqual([
      ...['working', 'Finishing current work, then pausing: on battery'],
    ]);
  });

  it('offers to stay while it is about to quit', () => {
    const { lines } = menu({ running: [encoding('Night ferry.mkv', 0.5, 60)] }, true);
    expect(lines).toEqual([
      'Flotilla quits when running conversions are done',
      'Night ferry.mkv: 41%, about 2 min',
      'Open Flotilla',
      'Cancel quit',
      'Quit now, resume later',
    ]);
  });

  it('says that nothing finishes while work is suspended, and offers to resume although it is about to quit', () => {
    const running = [encoding('Night ferry.mkv', 0.5, 60)];
    const paused = { running, paused: 'Paused by you.', held: true };
    expect(menu(paused, true).lines).toEqual(expect.arrayContaining(['Resume', 'Cancel quit']));
    expect(idleReason(status(paused), NOON)).toBe('Paused by you');
    const here = { name: 'desk', local: true, connected: true, mode: 'active', state: 'yielding' } as const;
    const workers = [{ ...here, problem: 'Waiting: on battery.' }] as WorkerView[];
    expect(idleReason(status({ running, workers }))).toBe('Waiting: on battery');
    // Neither a pause that lets videos come to their end, nor a status from before the video was begun.
    for (const goesOn of [{ running }, { ...paused, held: false }, {}])
      expect(idleReason(status(goesOn))).toBeUndefined();
  });

  it('distinguishes a menu with other numbers from one that says something new', () => {
    const items = (live: Partial<Live>) => trayModel(status(live), { leaving: false, now: NOON }).items;
    const at = (share: number) => items({ running: [encoding('Night ferry.mkv', share, 600)] });
    expect(sameButNumbers(at(0.09), at(0.42))).toBe(true);
    expect(sameButNumbers(at(0.09), items({}))).toBe(false);
    expect(sameButNumbers(items({}), items({ paused: 'Paused by you.', held: true }))).toBe(false);
  });
});
