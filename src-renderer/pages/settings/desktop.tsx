import { Button, Group, Switch, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { UpdateState } from '../../../src-shared/contract/desktop-bridge.ts';
import { DESKTOP_SETTINGS } from '../../../src-shared/settings/setting-groups.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { desktop } from '../../lib/desktop-bridge.ts';
import { notifyError, useCall } from '../../store/queries.ts';
import { SettingRow } from './setting-row.tsx';
import classes from './settings.module.css';

const UPDATE_LABELS: Record<UpdateState['state'], (version: string) => string> = {
  none: () => `You're up to date. This is version ${desktop?.version}.`,
  available: (version) => `Version ${version} is available.`,
  downloading: (version) => `Downloading version ${version}.`,
  ready: (version) => `Version ${version} will be installed when you quit.`,
};

/** A newer version comes while its user looks on: it is asked for this often, in ms. */
const UPDATE_PULSE = 5000;

/** Asks the desktop program, whose answers no event of the server changes. */
function useDesktop<T>(name: string, ask: () => Promise<T> | undefined, refetchInterval?: number) {
  return useQuery({
    ...{ queryKey: ['desktop', name], queryFn: async () => (await ask()) ?? null, staleTime: 0 },
    ...(refetchInterval && { refetchInterval }),
  });
}

function LoginItem() {
  const queries = useQueryClient();
  const loginItem = useDesktop('loginItem', () => desktop?.getLoginItem());
  if (loginItem.error) return <ErrorAlert error={loginItem.error} retry={loginItem.refetch} />;
  if (loginItem.isPending) return <Loading lines={1} />;
  if (loginItem.data === null) return null;
  const set = async (on: boolean) => {
    await desktop?.setLoginItem(on).catch(notifyError);
    await queries.invalidateQueries({ queryKey: ['desktop', 'loginItem'] });
  };
  return (
    <Switch
      label="Start at login"
      description="Start Flotilla in the tray when you log in."
      checked={loginItem.data}
      onChange={(event) => void set(event.currentTarget.checked)}
    />
  );
}

const useUpdate = () => useDesktop('update', () => desktop?.getUpdate(), UPDATE_PULSE);

function AutoUpdate() {
  const settings = useCall('settings.get', {});
  const update = useUpdate();
  if (settings.error) return <ErrorAlert error={settings.error} retry={settings.refetch} />;
  if (!settings.data) return <Loading lines={1} />;
  return (
    <>
      <SettingRow name="autoUpdate" text={DESKTOP_SETTINGS.autoUpdate} settings={settings.data} />
      {update.data?.asks && (
        <Text size="sm" c="dimmed">
          Installing an update asks for your password on this computer, so it waits for you.
        </Text>
      )}
    </>
  );
}

function Update() {
  const update = useUpdate();
  const settings = useCall('settings.get', {});
  if (!update.data) return null;
  const { state, version, asks } = update.data;
  const waits = state === 'ready' && (asks || settings.data?.values.autoUpdate === false);
  return (
    <Group>
      <Text>{waits ? `Version ${version} is ready to install.` : UPDATE_LABELS[state](version ?? '')}</Text>
      {state === 'ready' && (
        <Button variant="default" onClick={() => desktop?.installUpdate().catch(notifyError)}>
          Quit and update now
        </Button>
      )}
    </Group>
  );
}

/** What only the desktop program has: how it starts, and its newer versions. */
export function DesktopSection() {
  return (
    <div className={classes.form}>
      <section aria-label="Start">
        <h2 className={classes.group}>Start</h2>
        <div className={classes.field}>
          <LoginItem />
        </div>
      </section>
      <section aria-label="Updates">
        <h2 className={classes.group}>Updates</h2>
        <AutoUpdate />
        <div className={classes.field}>
          <Update />
        </div>
      </section>
    </div>
  );
}
