import { VisuallyHidden } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import {
  IconArchive,
  IconChartAreaLine,
  IconDeviceDesktop,
  IconDeviceLaptop,
  IconHistory,
  IconLayoutDashboard,
  IconListNumbers,
  IconMovie,
  IconPlugConnectedX,
  IconSettings,
  IconWand,
  type TablerIcon,
} from '@tabler/icons-react';
import { type ComponentType, type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import type { Live } from '../../src-shared/contract/index.ts';
import { count } from '../../src-shared/text/format.ts';
import { waitingCount } from '../../src-shared/text/waiting-count.ts';
import type { Connection } from '../lib/transport.ts';
import { isWorkerOnly, useLive, worksForMaster } from '../store/live.ts';
import { useCall } from '../store/queries.ts';
import { KeyboardShortcuts } from './keyboard-shortcuts.tsx';
import { Logo } from './logo.tsx';
import { RailMenu } from './rail-menu.tsx';
import classes from './shell.module.css';
import { VaultSize } from './vault-size.tsx';

interface Place {
  path: string;
  label: string;
  icon: TablerIcon;
  /** A number beside the name. */
  count?: (live: Live) => number;
  /** What is counted. */
  noun?: string;
  /** What is counted waits for the user. */
  asks?: true;
  /** What stands there instead. */
  aside?: ComponentType;
  /** On phones it is in the menu: the bar has no room for it. */
  minor?: true;
}

const PLACES: Place[] = [
  { path: '/', label: 'Dashboard', icon: IconLayoutDashboard },
  { path: '/library', label: 'Library', icon: IconMovie },
  {
    path: '/queue',
    label: 'Queue',
    icon: IconListNumbers,
    count: (live) => waitingCount(live) + live.counts.running,
    noun: 'video',
  },
  { path: '/vault', label: 'Vault', icon: IconArchive, aside: VaultSize, minor: true },
  {
    path: '/workers',
    label: 'Workers',
    icon: IconDeviceDesktop,
    count: ({ pairings }) => pairings.length,
    noun: 'join request',
    asks: true,
  },
  { path: '/insights', label: 'Insights', icon: IconChartAreaLine, minor: true },
  { path: '/history', label: 'History', icon: IconHistory, minor: true },
  { path: '/settings', label: 'Settings', icon: IconSettings, minor: true },
];

const HERE: Place = { path: '/this-computer', label: 'This computer', icon: IconDeviceLaptop };

const SETUP: Place = { path: '/welcome', label: 'Setup', icon: IconWand };

/** True during the first run: until its end, there is nothing to see on most pages. */
function useFirstRun(): boolean {
  const [location] = useLocation();
  const { data, isPending } = useCall('setup.get', {});
  const idle = useLive(({ summary }) => !worksForMaster(summary) && (summary?.libraries.length ?? 0) === 0);
  const isAtSetup = isAt(SETUP, location);
  // Pages that would go again in a moment are not shown in the first place.
  if (isPending) return isAtSetup;
  return data?.complete === false && (idle || isAtSetup);
}

/** The pages to show: a computer that only works for a master has no videos. */
function usePlaces(): Place[] {
  const first = useFirstRun();
  const employed = useLive((live) => worksForMaster(live.summary));
  const only = useLive((live) => isWorkerOnly(live.summary));
  if (first) return [SETUP, ...PLACES.slice(-1)];
  if (only) return [HERE, ...PLACES.slice(-1)];
  return employed ? [...PLACES.slice(0, -1), HERE, ...PLACES.slice(-1)] : PLACES;
}

const isAt = (place: Place, location: string) =>
  place.path === '/' ? location === '/' : location === place.path || location.startsWith(`${place.path}/`);

const CONNECTION_LABELS: Record<Connection, string> = {
  connecting: 'Connecting',
  online: 'Connected',
  offline: 'Connection lost',
  'signed-out': 'Signed out',
};

/** Where only the icon of a place is shown, no greater number fits on it. */
const MAX_BADGE = 999;

/** How many of something there are: beside the name of a place, or as a badge on its icon. */
function Count({ n, noun, asks }: { n: number; noun: string; asks: boolean }) {
  const whole = n.toLocaleString('en');
  return (
    <span className={classes.count} data-asks={asks || undefined} title={count(n, noun)}>
      <span className={classes.whole} aria-hidden>
        {whole}
      </span>
      <span className={classes.short} aria-hidden>
        {n > MAX_BADGE ? `${MAX_BADGE}+` : whole}
      </span>
      <VisuallyHidden>{count(n, noun)}</VisuallyHidden>
    </span>
  );
}

function Rail() {
  const [location] = useLocation();
  const summary = useLive((live) => live.summary);
  const connection = useLive((live) => live.connection);
  const words = CONNECTION_LABELS[connection];
  const about = useLive((live) => live.about);
  const places = usePlaces();
  return (
    <nav className={classes.rail} aria-label="Pages">
      <div className={classes.brand}>
        <Logo />
        <span className={classes.label}>Flotilla</span>
      </div>
      {places.map((place) => {
        const n = summary && place.count?.(summary);
        return (
          <Link
            key={place.path}
            href={place.path}
            className={classes.link}
            aria-current={isAt(place, location) ? 'page' : undefined}
            title={place.label}
            data-minor={place.minor}
          >
            <place.icon size={20} stroke={1.75} aria-hidden />
            <span className={classes.label}>{place.label}</span>
            {n ? <Count n={n} noun={place.noun ?? ''} asks={place.asks ?? false} /> : null}
            {place.aside && (
              <span className={classes.aside}>
                <place.aside />
              </span>
            )}
          </Link>
        );
      })}
      <RailMenu places={places.filter(({ minor }) => minor)} />
      <div className={classes.foot}>
        <div className={classes.connection} title={words}>
          <span className={classes.dot} data-online={connection === 'online' || undefined} />
          <span className={classes.label}>{words}</span>
        </div>
        {about && (
          <span className={classes.label}>
            {about.name} · {about.version}
          </span>
        )}
      </div>
    </nav>
  );
}

/** Shown while the numbers below may be out of date. */
function OfflineBanner() {
  const offline = useLive((live) => live.connection !== 'online' && live.summary !== null);
  const name = useLive((live) => live.about?.name ?? 'Flotilla');
  if (!offline) return null;
  return (
    <div className={classes.banner} role="alert">
      <IconPlugConnectedX size={18} stroke={1.75} aria-hidden />
      Connection to {name} lost. Reconnecting… Data may be out of date.
    </div>
  );
}

/** The frame of every page: navigation, connection state, and the page itself. */
export function Shell({ children }: { children: ReactNode }) {
  const [location, navigate] = useLocation();
  const main = useRef<HTMLElement>(null);
  useHotkeys(usePlaces().map(({ path }, index) => [String(index + 1), () => navigate(path)]));
  const [, page = ''] = location.split('/');
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page change scrolls to the top
  useEffect(() => {
    main.current?.scrollTo(0, 0);
    // What had the focus went with the previous page: the next Tab begins with this one, not with the navigation.
    if (document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, [page]);
  return (
    <div className={classes.shell}>
      <button type="button" className={classes.skip} onClick={() => main.current?.focus()}>
        Skip to main content
      </button>
      <Rail />
      <div className={classes.main}>
        <OfflineBanner />
        <main id="page" ref={main} className={classes.page} tabIndex={-1}>
          {children}
        </main>
      </div>
      <KeyboardShortcuts />
    </div>
  );
}
