import { count } from '../../../src-shared/text/format.ts';
import { endsAt, formatEndTime, type PauseChoice, pauseChoices } from '../../../src-shared/text/time-words.ts';
import type { Mood, Status } from '../backend/status.ts';

/** Action of a click in the tray's menu. */
export type TrayAction =
  | { do: 'open' | 'problems' | 'resume' | 'finish' | 'quit' | 'quitNow' | 'stay' }
  /** Ended by the clock as {@link pauseChoices} says, or not. */
  | { do: 'pause'; until: PauseChoice['id'] | null };

/** One line of the tray's menu; without an action it is only text. */
export type TrayItem =
  | { kind: 'line' }
  | { kind: 'item'; label: string; action?: TrayAction; items?: TrayItem[]; enabled: boolean };

/** All that the tray shows. */
export interface TrayModel {
  icon: Mood;
  /** 0 to 3: the quarters that are full, while work continues. */
  quarter: number;
  tooltip: string;
  items: TrayItem[];
}

/** Videos that have a line of their own. */
const MAX_VIDEOS = 4;
/** Windows cuts longer ones off. */
const MAX_TOOLTIP_LENGTH = 127;

const LINE: TrayItem = { kind: 'line' };
const tells = (label: string): TrayItem => ({ kind: 'item', label, enabled: false });
const does = (label: string, action: TrayAction): TrayItem => ({ kind: 'item', label, action, enabled: true });

/**
 * Returns the tray for a state.
 * @param leaving the program will quit once running jobs are done
 */
export function trayModel(status: Status, { leaving, now = new Date() }: { leaving: boolean; now?: Date }): TrayModel {
  const head = headline(status, now);
  const { problems } = status;
  return {
    icon: status.mood,
    quarter: Math.min(3, Math.floor(4 * (status.share ?? 0))),
    tooltip: [
      status.share === null ? 'Flotilla' : `Flotilla: ${Math.floor(100 * status.share)}%`,
      head,
      ...status.videos.slice(0, 2),
    ]
      .join('\n')
      .slice(0, MAX_TOOLTIP_LENGTH),
    items: [
      tells(leaving ? 'Flotilla quits when running conversions are done' : head),
      ...videoLines(status),
      ...(problems > 0 ? [does(problems === 1 ? '1 issue' : `${problems} issues`, { do: 'problems' })] : []),
      LINE,
      does('Open Flotilla', { do: 'open' }),
      // Even a program that is about to quit has to resume for that.
      ...(leaving && !status.paused?.byUser ? [] : pauseItems(status, now)),
      LINE,
      ...(leaving
        ? [does('Cancel quit', { do: 'stay' }), does('Quit now, resume later', { do: 'quitNow' })]
        : [does('Quit Flotilla', { do: 'quit' })]),
    ],
  };
}

/** Why running conversions are suspended, in a few words; undefined while they aren't. */
export function idleReason(status: Status, now = new Date()): string | undefined {
  const still = status.mood !== 'working' && (status.paused?.held || status.rests !== null);
  return still ? headline(status, now) : undefined;
}

/** Whether two menus offer and say the same, but for how far things are. */
export function sameButNumbers(one: TrayItem[], other: TrayItem[]): boolean {
  const withoutNumbers = (items: TrayItem[]) => JSON.stringify(items).replace(/\d+/g, '');
  return withoutNumbers(one) === withoutNumbers(other);
}

/** How it stands, in a few words. */
function headline({ mood, videos, own, waiting, eta, paused, rests, master }: Status, now: Date): string {
  if (paused?.byUser) {
    const end = paused.until === null ? '' : ` until ${endsAt(paused.until, now)}`;
    return videos.length > 0 && !paused.held ? `Finishing current work, then pausing${end}` : `Paused by you${end}`;
  }
  if (paused) return `Waiting: ${paused.reason}`;
  if (rests) return rests.replace(/\.$/, '');
  if (own > 0) {
    const running = `${count(videos.length, 'video')} running`;
    if (waiting === 0) return running;
    return eta === null ? `${running}, ${waiting} waiting` : `${running}, done ${formatEndTime(eta, now)}`;
  }
  if (master) return videos.length > 0 ? `Working for ${master}` : `Ready to work for ${master}`;
  if (waiting > 0) return `${count(waiting, 'video')} waiting`;
  return mood === 'attention' ? 'Nothing running' : 'Idle';
}

function videoLines({ videos }: Status): TrayItem[] {
  const shown = videos.slice(0, videos.length > MAX_VIDEOS ? MAX_VIDEOS - 1 : MAX_VIDEOS);
  const more = videos.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].map(tells);
}

function pauseItems({ paused, videos }: Status, now: Date): TrayItem[] {
  if (paused?.byUser) return [does('Resume', { do: 'resume' })];
  const items: TrayItem[] = [
    ...pauseChoices(now).map(({ id, label }) => does(label, { do: 'pause', until: id })),
    does('Until I resume', { do: 'pause', until: null }),
  ];
  if (videos.length > 0) items.push(LINE, does('Finish running conversions first', { do: 'finish' }));
  return [{ kind: 'item', label: 'Pause', items, enabled: true }];
}
