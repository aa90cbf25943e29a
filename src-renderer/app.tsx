import '@fontsource-variable/inter';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/charts/styles.css';
import './style.css';
import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { type ComponentType, lazy, Suspense, useEffect, useState } from 'react';
import { Redirect, Route, Router, Switch } from 'wouter';
import { ErrorBoundary } from './components/error-boundary.tsx';
import { Loading } from './components/loading.tsx';
import { PageBody } from './components/page.tsx';
import { Shell } from './components/shell.tsx';
import { RequireAuth } from './features/auth/require-auth.tsx';
import { PausedBanner } from './features/queue/paused-banner.tsx';
import { BASE } from './lib/base-path.ts';
import { nonce } from './lib/csp-nonce.ts';
import { DashboardPage } from './pages/dashboard/dashboard.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { useOpenedFile } from './store/open-file.ts';
import { queries } from './store/queries.ts';
import { useTabIcon } from './store/tab-status.ts';
import { cssVariables, theme } from './theme.ts';

/** Delay in ms after which the chunks of the other pages are fetched ahead. */
const FETCH_AHEAD_MS = 2000;

const pageLoaders: (() => Promise<unknown>)[] = [];

/** Loads a page from a chunk of its own, so that the first page appears sooner. */
function lazyPage<N extends string>(load: () => Promise<Record<N, ComponentType>>, name: N) {
  pageLoaders.push(load);
  return lazy(async () => ({ default: (await load())[name] }));
}

const FileDrawer = lazyPage(() => import('./pages/file/drawer.tsx'), 'FileDrawer');
const LibraryPage = lazyPage(() => import('./pages/library/library.tsx'), 'LibraryPage');
const QueuePage = lazyPage(() => import('./pages/queue/queue.tsx'), 'QueuePage');
const ThisComputerPage = lazyPage(() => import('./pages/this-computer/this-computer.tsx'), 'ThisComputerPage');
const WorkersPage = lazyPage(() => import('./pages/workers/workers.tsx'), 'WorkersPage');
const InsightsPage = lazyPage(() => import('./pages/insights/insights.tsx'), 'InsightsPage');
const SettingsPage = lazyPage(() => import('./pages/settings/settings.tsx'), 'SettingsPage');
const VaultPage = lazyPage(() => import('./pages/vault/vault.tsx'), 'VaultPage');
const HistoryPage = lazyPage(() => import('./pages/history/history.tsx'), 'HistoryPage');
const HelpPage = lazyPage(() => import('./pages/help/help.tsx'), 'HelpPage');
const LogsPage = lazyPage(() => import('./pages/logs/logs.tsx'), 'LogsPage');
const WelcomePage = lazyPage(() => import('./pages/welcome/welcome.tsx'), 'WelcomePage');

/** The drawer, from the first video that is opened: it stays mounted while it slides away. */
function Video() {
  const opened = useOpenedFile() !== null;
  const [wanted, setWanted] = useState(opened);
  if (opened && !wanted) setWanted(true);
  return wanted ? <FileDrawer /> : null;
}

function Pages() {
  useTabIcon();
  useEffect(() => {
    // A chunk that fails to load is fetched again when its page is opened.
    const timer = setTimeout(() => void Promise.allSettled(pageLoaders.map((load) => load())), FETCH_AHEAD_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Shell>
      <PausedBanner />
      <ErrorBoundary>
        <Suspense
          fallback={
            <PageBody>
              <Loading />
            </PageBody>
          }
        >
          <Switch>
            <Route path="/" component={DashboardPage} />
            <Route path="/library" component={LibraryPage} />
            <Route path="/queue" component={QueuePage} />
            <Route path="/vault" component={VaultPage} />
            <Route path="/settings/vault">
              <Redirect to="/vault" replace />
            </Route>
            <Route path="/history" component={HistoryPage} />
            <Route path="/logs" component={LogsPage} />
            <Route path="/help/:page?" component={HelpPage} />
            <Route path="/workers" component={WorkersPage} />
            <Route path="/insights" component={InsightsPage} />
            <Route path="/settings/:section?" component={SettingsPage} />
            <Route path="/this-computer" component={ThisComputerPage} />
            <Route path="/welcome" component={WelcomePage} />
            <Route component={NotFoundPage} />
          </Switch>
        </Suspense>
      </ErrorBoundary>
      <ErrorBoundary>
        <Suspense fallback={null}>
          <Video />
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}

/** The interface: the same in the desktop window and in any browser. */
export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queries}>
        <ModalsProvider>
          {/* Long enough to be read to its end, in ms: Mantine's four seconds are over before a second sentence. */}
          <Notifications position="bottom-right" autoClose={8000} />
          <Router base={BASE}>
            <RequireAuth>
              <Pages />
            </RequireAuth>
          </Router>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
