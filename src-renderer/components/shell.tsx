import { useHotkeys } from '@mantine/hooks';
import {
  IconChartAreaLine,
  IconDeviceDesktop,
  IconDeviceLaptop,
  IconLayoutDashboard,
  IconListNumbers,
  IconMovie,
  IconPlugConnectedX,
  IconSettings,
  type TablerIcon,
} from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import type { Summary } from '../../src-shared/contract.ts';
import { isEmployed, isOnlyEmployed, useLive } from '../store/live.ts';
import type { Connection } from '../transport.ts';
import { Help } from './help.tsx';
import { Logo } from './logo.tsx';
import classes from './shell.module.css';

interface Place {
  path: string;
  label: string;
  icon: TablerIcon;
  /** A number beside the name that tells of work there. */
  count?: (summary: Summary) => number;
}

const PLACES: Place[] = [
  { path: '/', label: 'Dashboard', icon: IconLayoutDashboard },
  { path: '/library', label: 'Library', icon: IconMovie },
  { path: '/queue', label: 'Queue', icon: IconListNumbers, count: ({ counts }) => counts.queued + counts.running },
  { path: '/workers', label: 'Workers', icon: IconDeviceDesktop },
  { path: '/insights', label: 'Insights', icon: IconChartAreaLine },
  { path: '/settings', label: 'Settings', icon: IconSettings },
];

const HERE: Place = { path: '/this-computer', label: 'This computer', icon: IconDeviceLaptop };

/** Where one can go: a computer that only works for a master has no films to show. */
function usePlaces(): Place[] {
  const employed = useLive((live) => isEmployed(live.summary));
  const only = useLive((live) => isOnlyEmployed(live.summary));
  if (only) return [HERE, ...PLACES.slice(-1)];
  return employed ? [...PLACES.slice(0, -1), HERE, ...PLACES.slice(-1)] : PLACES;
}

const isAt = (place: Place, location: string) =>
  place.path === '/' ? location === '/' : location === place.path || location.startsWith(`${place.path}/`);

const CONNECTION_WORDS: Record<Connection, string> = {
  connecting: 'Connecting',
  online: 'Connected',
  offline: 'Connection lost',
  outside: 'Signed out',
};

function Rail() {
  const [location] = useLocation();
  const summary = useLive((live) => live.summary);
  const connection = useLive((live) => live.connection);
  const words = CONNECTION_WORDS[connection];
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
          >
            <place.icon size={20} stroke={1.75} aria-hidden />
            <span className={classes.label}>{place.label}</span>
            {n ? <span className={classes.count}>{n.toLocaleString('en')}</span> : null}
          </Link>
        );
      })}
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

/** Said while the numbers below may be old; goes by itself. */
function OfflineBanner() {
  const offline = useLive((live) => live.connection !== 'online' && live.summary !== null);
  const name = useLive((live) => live.about?.name ?? 'This Flotilla');
  if (!offline) return null;
  return (
    <div className={classes.banner} role="alert">
      <IconPlugConnectedX size={18} stroke={1.75} aria-hidden />
      {name} does not answer. What you see may be old; this page comes back by itself.
    </div>
  );
}

/** The frame of every page: where one can go, how the connection is, and the page itself. */
export function Shell({ children }: { children: ReactNode }) {
  const [location, navigate] = useLocation();
  const main = useRef<HTMLElement>(null);
  useHotkeys(usePlaces().map(({ path }, index) => [String(index + 1), () => navigate(path)]));
  const [, page = ''] = location.split('/');
  // biome-ignore lint/correctness/useExhaustiveDependencies: every page starts at its top
  useEffect(() => {
    main.current?.scrollTo(0, 0);
  }, [page]);
  return (
    <div className={classes.shell}>
      <button type="button" className={classes.skip} onClick={() => main.current?.focus()}>
        To the page
      </button>
      <Rail />
      <div className={classes.main}>
        <OfflineBanner />
        <main id="page" ref={main} className={classes.page} tabIndex={-1}>
          {children}
        </main>
      </div>
      <Help />
    </div>
  );
}
