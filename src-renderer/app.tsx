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
import { Route, Router, Switch } from 'wouter';
import { BASE } from './base.ts';
import { Loading } from './components/bits.tsx';
import { Boundary } from './components/boundary.tsx';
import { PageBody } from './components/page.tsx';
import { Shell } from './components/shell.tsx';
import { nonce } from './nonce.ts';
import { DashboardPage } from './pages/dashboard/dashboard.tsx';
import { Gate } from './pages/gate.tsx';
import { LostPage } from './pages/lost.tsx';
import { queries } from './store/calls.ts';
import { useOpenedFile } from './store/open-file.ts';
import { cssVariables, theme } from './theme.ts';

/** The other pages are fetched this long after the first one stands, in ms, so that none is waited for. */
const FETCH_AHEAD = 2000;

const later: (() => Promise<unknown>)[] = [];

/** A part in a file of its own, so that the first page is there soon. */
function apart<N extends string>(load: () => Promise<Record<N, ComponentType>>, name: N) {
  later.push(load);
  return lazy(async () => ({ default: (await load())[name] }));
}

const FileDrawer = apart(() => import('./pages/file/drawer.tsx'), 'FileDrawer');
const LibraryPage = apart(() => import('./pages/library/library.tsx'), 'LibraryPage');
const QueuePage = apart(() => import('./pages/queue/queue.tsx'), 'QueuePage');
const ThisComputerPage = apart(() => import('./pages/this-computer/this-computer.tsx'), 'ThisComputerPage');
const WorkersPage = apart(() => import('./pages/workers/workers.tsx'), 'WorkersPage');
const InsightsPage = apart(() => import('./pages/insights/insights.tsx'), 'InsightsPage');
const SettingsPage = apart(() => import('./pages/settings/settings.tsx'), 'SettingsPage');
const WelcomePage = apart(() => import('./pages/welcome/welcome.tsx'), 'WelcomePage');

/** The drawer, from the first film on that is opened: it is there still while it slides away. */
function Film() {
  const opened = useOpenedFile() !== null;
  const [wanted, setWanted] = useState(opened);
  if (opened && !wanted) setWanted(true);
  return wanted ? <FileDrawer /> : null;
}

function Pages() {
  useEffect(() => {
    // What cannot be had now is asked for again when its page is opened.
    const timer = setTimeout(() => void Promise.allSettled(later.map((load) => load())), FETCH_AHEAD);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Shell>
      <Boundary>
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
            <Route path="/workers" component={WorkersPage} />
            <Route path="/insights" component={InsightsPage} />
            <Route path="/settings/:section?" component={SettingsPage} />
            <Route path="/this-computer" component={ThisComputerPage} />
            <Route path="/welcome" component={WelcomePage} />
            <Route component={LostPage} />
          </Switch>
        </Suspense>
      </Boundary>
      <Boundary>
        <Suspense fallback={null}>
          <Film />
        </Suspense>
      </Boundary>
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
          <Notifications position="bottom-right" />
          <Router base={BASE}>
            <Gate>
              <Pages />
            </Gate>
          </Router>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
