import '@fontsource-variable/inter';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/charts/styles.css';
import './style.css';
import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { Loading } from './components/bits.tsx';
import { Boundary } from './components/boundary.tsx';
import { PageBody } from './components/page.tsx';
import { Shell } from './components/shell.tsx';
import { nonce } from './nonce.ts';
import { DashboardPage } from './pages/dashboard/dashboard.tsx';
import { FileDrawer } from './pages/file/drawer.tsx';
import { Gate } from './pages/gate.tsx';
import { LibraryPage } from './pages/library/library.tsx';
import { LostPage } from './pages/lost.tsx';
import { QueuePage } from './pages/queue/queue.tsx';
import { SettingsPage } from './pages/settings/settings.tsx';
import { ThisComputerPage } from './pages/this-computer/this-computer.tsx';
import { WelcomePage } from './pages/welcome/welcome.tsx';
import { WorkersPage } from './pages/workers/workers.tsx';
import { queries } from './store/calls.ts';
import { cssVariables, theme } from './theme.ts';

// Its charts are the heaviest part of the interface.
const InsightsPage = lazy(() => import('./pages/insights/insights.tsx'));

function Pages() {
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
      <FileDrawer />
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
          <Gate>
            <Pages />
          </Gate>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
