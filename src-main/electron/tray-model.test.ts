import { describe, expect, it } from 'vitest';
import type { Live } from '../../src-shared/contract.ts';
import type { Employment, WorkerView } from '../../src-shared/fleet-view.ts';
import type { Progress } from '../../src-shared/lease.ts';
import { WORKER_DEFAULTS } from '../../src-shared/worker-info.ts';
import { type Status, statusOf } from './status.ts';
import { sameButNumbers, type TrayItem, trayModel, whyStill } from './tray-model.ts';

const NOON = new Date(2026, 10, 20, 12, 0, 0);
const COUNTS = { found: 0, queued: 0, running: 0, done: 0, skipped: 0, failed: 0, blocked: 0 };
const LIVE = {
  counts: COUNTS,
  running: [],
  paused: null,
  pausedUntil: null,
  held: false,
  problems: [],
  eta: null,
  master: null,
  workers: [],
} as unknown as Live;

const film = (path: string, progress: Progress): Live['running'][number] => ({
  ...{ task: 1, file: 1, library: 1, path, worker: 'here', workerId: 'x', progress },
});
const encoding = (path: string, share: number, eta: number) => film(path, { stage: 'encoding', share, eta });
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
    expect({ icon, tooltip }).toEqual({ icon: 'idle', tooltip: 'Flotilla\nAll quiet' });
    expect(lines[0]).toBe('All quiet');
    expect(lines.slice(1)).toEqual([
      'Open Flotilla',
      'Pause',
      'For an hour',
      expect.stringMatching(/^Until tomorrow at 0?6:00/),
      'Until I resume',
      'Quit Flotilla',
    ]);
  });

  it('tells what runs, how far it is and when all is done', () => {
    const running = [
      encoding('Films/Night ferry.mkv', 0.42, 200),
      film('Films/The long tide.mkv', { stage: 'checking' }),
    ];
    const { icon, quarter, tooltip, lines } = menu({ running, eta: 7200, counts: { ...COUNTS, queued: 3 } });
    expect({ icon, quarter }).toEqual({ icon: 'working', quarter: 0 });
    expect(lines[0]).toMatch(/^2 films running, done today around /);
    expect(lines.slice(1, 3)).toEqual(['Night ferry.mkv: 42 %, about 3 min', 'The long tide.mkv: checking']);
    expect(lines).toContain('Finish what runs first');
    expect(tooltip).toContain('Night ferry.mkv: 42 %');
  });

  it('fills its bar by quarters, and sums many films up', () => {
    const running = Array.from({ length: 6 }, (_, n) => encoding(`Film ${n}.mkv`, 0.8, 100));
    const { quarter, lines, tooltip } = menu({ running });
    expect(quarter).toBe(3);
    expect(lines.slice(0, 5)).toEqual([
      '6 films running',
      expect.stringContaining('Film 0'),
      expect.stringContaining('Film 1'),
      expect.stringContaining('Film 2'),
      'and 3 more',
    ]);
    expect(tooltip.length).toBeLessThanOrEqual(127);
  });

  it('says until when it is paused, and offers to go on', () => {
    const until = NOON.getTime() + 3_600_000;
    const { icon, lines } = menu({ paused: 'Paused by you.', pausedUntil: until, held: true });
    expect(icon).toBe('paused');
    expect(lines[0]).toMatch(/^Paused by you until \d/);
    expect(lines).toContain('Resume');
    expect(lines).not.toContain('Pause');
    const gentle = menu({ paused: 'Paused by you.', running: [encoding('Night ferry.mkv', 0.9, 60)] });
    expect([gentle.icon, gentle.lines[0]]).toEqual(['working', 'Finishing what runs, then paused']);
  });

  it('asks for attention where nothing goes on without the user', () => {
    const failed = menu({ problems: [problem('files'), problem('library')] });
    expect([failed.icon, failed.lines[1]]).toEqual(['attention', '2 things need you']);
    const fault = menu({ paused: 'The disk is full.', problems: [problem('queue')] });
    expect([fault.icon, fault.lines[0]]).toEqual(['attention', 'Waiting: The disk is full.']);
    const working = menu({ problems: [problem('files')], running: [encoding('Night ferry.mkv', 0.5, 60)] });
    expect([working.icon, working.lines[2]]).toEqual(['working', '1 thing needs you']);
  });

  const MASTER = { name: 'nas', origin: 'https://nas:8091', state: 'online', code: null, problem: null } as const;
  const WORK: Employment = {
    ...{ running: [], settings: WORKER_DEFAULTS, mode: 'active', yielding: null, senses: [], zone: 'UTC', page: null },
  };
  const employed = (work: Partial<Employment>) => menu({ master: { ...MASTER, work: { ...WORK, ...work } } });

  it('tells of work for a master on another computer', () => {
    const busy = employed({ running: [encoding('Films/Night ferry.mkv', 0.6, 60)] });
    expect([busy.icon, busy.quarter, ...busy.lines.slice(0, 2)]).toEqual([
      ...['working', 2, 'Working for nas', 'Night ferry.mkv: 60 %, about a minute'],
    ]);
    expect([employed({}).icon, employed({}).lines[0]]).toEqual(['idle', 'Ready to work for nas']);
    const still = employed({ mode: 'paused', running: [encoding('Night ferry.mkv', 0.6, 60)] });
    expect([still.icon, still.lines[0]]).toEqual(['paused', 'nas has paused this computer']);
  });

  it('says why this computer steps back, and goes on telling of others that work', () => {
    const running = [encoding('Night ferry.mkv', 0.4, 60)];
    const here = { name: 'desk', local: true, connected: true, mode: 'active', state: 'yielding' } as const;
    const workers = [{ ...here, problem: 'Waiting: on battery.' }] as WorkerView[];
    const alone = menu({ running, workers });
    expect([alone.icon, alone.lines[0]]).toEqual(['paused', 'Waiting: on battery']);
    const other = { ...here, name: 'attic', local: false, state: 'working', problem: null } as WorkerView;
    expect(menu({ running, workers: [...workers, other] }).lines[0]).toBe('1 film running');
    expect(menu({ workers }).lines[0]).toBe('All quiet');

    const held = employed({ running, yielding: { cause: 'active', held: true } });
    expect([held.icon, held.lines[0]]).toEqual(['paused', 'Waiting: you are using this computer']);
    const finishing = employed({ running, yielding: { cause: 'battery', held: false } });
    expect([finishing.icon, finishing.lines[0]]).toEqual([
      ...['working', 'It finishes what it has, then waits: on battery'],
    ]);
  });

  it('offers to stay while it is about to quit', () => {
    const { lines } = menu({ running: [encoding('Night ferry.mkv', 0.5, 60)] }, true);
    expect(lines).toEqual([
      'Flotilla quits when what runs is done',
      'Night ferry.mkv: 50 %, about a minute',
      'Open Flotilla',
      'Do not quit',
      'Quit now, resume later',
    ]);
  });

  it('says that nothing would be finished while it stands still, and has it go on although it is about to quit', () => {
    const running = [encoding('Night ferry.mkv', 0.5, 60)];
    const paused = { running, paused: 'Paused by you.', held: true };
    expect(menu(paused, true).lines).toEqual(expect.arrayContaining(['Resume', 'Do not quit']));
    expect(whyStill(status(paused), NOON)).toBe('Paused by you');
    const here = { name: 'desk', local: true, connected: true, mode: 'active', state: 'yielding' } as const;
    const workers = [{ ...here, problem: 'Waiting: on battery.' }] as WorkerView[];
    expect(whyStill(status({ running, workers }))).toBe('Waiting: on battery');
    // Neither a pause that lets films come to their end, nor a status from before the film was begun.
    for (const goesOn of [{ running }, { ...paused, held: false }, {}])
      expect(whyStill(status(goesOn))).toBeUndefined();
  });

  it('knows a menu that only counts on from one that says something new', () => {
    const items = (live: Partial<Live>) => trayModel(status(live), { leaving: false, now: NOON }).items;
    const at = (share: number) => items({ running: [encoding('Night ferry.mkv', share, 600)] });
    expect(sameButNumbers(at(0.09), at(0.42))).toBe(true);
    expect(sameButNumbers(at(0.09), items({}))).toBe(false);
    expect(sameButNumbers(items({}), items({ paused: 'Paused by you.', held: true }))).toBe(false);
  });
});
