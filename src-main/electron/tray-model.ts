import { count } from '../../src-shared/format.ts';
import { endsAround, endsAt, type PauseChoice, pauseChoices } from '../../src-shared/time-words.ts';
import type { Mood, Status } from './status.ts';

/** What a click in the tray's menu asks for. */
export type TrayAction =
  | { do: 'open' | 'problems' | 'resume' | 'finish' | 'quit' | 'quitNow' | 'stay' }
  /** Ended by the clock as {@link pauseChoices} says, or not. */
  | { do: 'pause'; until: PauseChoice['id'] | null };

/** One line of the tray's menu; without an action it only tells something. */
export type TrayItem =
  | { kind: 'line' }
  | { kind: 'item'; label: string; action?: TrayAction; items?: TrayItem[]; enabled: boolean };

/** All that the tray shows. */
export interface TrayModel {
  icon: Mood;
  /** 0 to 3: the quarters that are full, while work goes on. */
  quarter: number;
  tooltip: string;
  items: TrayItem[];
}

/** Films that have a line of their own. */
const MOST_FILMS = 4;
/** Windows cuts longer ones off. */
const LONGEST_TOOLTIP = 127;

const LINE: TrayItem = { kind: 'line' };
const tells = (label: string): TrayItem => ({ kind: 'item', label, enabled: false });
const does = (label: string, action: TrayAction): TrayItem => ({ kind: 'item', label, action, enabled: true });

/**
 * The tray as it should be now.
 * @param leaving the program ends when what runs is done
 */
export function trayModel(status: Status, { leaving, now = new Date() }: { leaving: boolean; now?: Date }): TrayModel {
  const head = headline(status, now);
  const { problems } = status;
  return {
    icon: status.mood,
    quarter: Math.min(3, Math.floor(4 * (status.share ?? 0))),
    tooltip: ['Flotilla', head, ...status.films.slice(0, 2)].join('\n').slice(0, LONGEST_TOOLTIP),
    items: [
      tells(leaving ? 'Flotilla quits when what runs is done' : head),
      ...filmLines(status),
      ...(problems > 0
        ? [does(problems === 1 ? '1 thing needs you' : `${problems} things need you`, { do: 'problems' })]
        : []),
      LINE,
      does('Open Flotilla', { do: 'open' }),
      // Also what is about to quit has to go on for that.
      ...(leaving && !status.paused?.byUser ? [] : pauseItems(status, now)),
      LINE,
      ...(leaving
        ? [does('Do not quit', { do: 'stay' }), does('Quit now, resume later', { do: 'quitNow' })]
        : [does('Quit Flotilla', { do: 'quit' })]),
    ],
  };
}

/** Why films that were begun stand still, in a few words; undefined while they do not. */
export function whyStill(status: Status, now = new Date()): string | undefined {
  const still = status.mood !== 'working' && (status.paused?.held || status.rests !== null);
  return still ? headline(status, now) : undefined;
}

/** Whether two menus offer and say the same, but for how far things are. */
export function sameButNumbers(one: TrayItem[], other: TrayItem[]): boolean {
  const withoutNumbers = (items: TrayItem[]) => JSON.stringify(items).replace(/\d+/g, '');
  return withoutNumbers(one) === withoutNumbers(other);
}

/** How it stands, in a few words. */
function headline({ mood, films, own, waiting, eta, paused, rests, master }: Status, now: Date): string {
  if (paused?.byUser) {
    const end = paused.until === null ? '' : ` until ${endsAt(paused.until, now)}`;
    return films.length > 0 && !paused.held ? `Finishing what runs, then paused${end}` : `Paused by you${end}`;
  }
  if (paused) return `Waiting: ${paused.reason}`;
  if (rests) return rests.replace(/\.$/, '');
  if (own > 0) {
    const running = `${count(films.length, 'film')} running`;
    if (waiting === 0) return running;
    return eta === null ? `${running}, ${waiting} waiting` : `${running}, done ${endsAround(eta, now)}`;
  }
  if (master) return films.length > 0 ? `Working for ${master}` : `Ready to work for ${master}`;
  if (waiting > 0) return `${count(waiting, 'film')} waiting`;
  return mood === 'attention' ? 'Nothing runs' : 'All quiet';
}

function filmLines({ films }: Status): TrayItem[] {
  const shown = films.slice(0, films.length > MOST_FILMS ? MOST_FILMS - 1 : MOST_FILMS);
  const more = films.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].map(tells);
}

function pauseItems({ paused, films }: Status, now: Date): TrayItem[] {
  if (paused?.byUser) return [does('Resume', { do: 'resume' })];
  const items: TrayItem[] = [
    ...pauseChoices(now).map(({ id, label }) => does(label, { do: 'pause', until: id })),
    does('Until I resume', { do: 'pause', until: null }),
  ];
  if (films.length > 0) items.push(LINE, does('Finish what runs first', { do: 'finish' }));
  return [{ kind: 'item', label: 'Pause', items, enabled: true }];
}
