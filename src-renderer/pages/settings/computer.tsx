import { Text } from '@mantine/core';
import { Link } from 'wouter';
import { OWN_FORM_SETTINGS } from '../../../src-shared/settings/setting-groups.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { lockedBy } from '../../features/settings/setting-source.ts';
import { LimitsForm } from '../../features/worker-limits/limits-form.tsx';
import { isWorkerOnly, useLive } from '../../store/live.ts';
import { notify, useAction, useCall } from '../../store/queries.ts';
import { SettingGroups } from './setting-groups.tsx';
import classes from './settings.module.css';

/** Settings that set the limits at every start. */
const LIMITS = OWN_FORM_SETTINGS.filter((key) => key !== 'lead');

/** When and how much this computer works; the same limits as on the page of the workers. */
function Limits() {
  const worker = useLive((live) => live.summary?.workers.find(({ local }) => local));
  const settings = useCall('settings.get', {});
  const set = useAction('worker.set', ['worker.list']);
  const forget = useAction('settings.set', ['settings.get']);
  if (settings.error) return <ErrorAlert error={settings.error} retry={settings.refetch} />;
  if (!worker || !settings.data) return <Loading lines={4} />;
  const { sources } = settings.data;
  const pinned = LIMITS.flatMap((key) => lockedBy(key, sources) ?? []);
  const stored = LIMITS.filter((key) => sources[key] === 'stored');
  return (
    <>
      {pinned.length > 0 && (
        <Notice>Set by {pinned.join(', ')} at startup. What you change here lasts until the next start.</Notice>
      )}
      <LimitsForm
        key={JSON.stringify(worker.settings)}
        settings={worker.settings}
        senses={worker.hello?.computer.senses}
        zone={worker.hello?.computer.zone}
        here
        withFolder={false}
        saving={set.isPending}
        save={async (next) => {
          await set.mutateAsync({ worker: worker.id, settings: next });
          // Previously stored values would return with the next start.
          if (stored.length > 0)
            await forget.mutateAsync({ values: Object.fromEntries(stored.map((key) => [key, null])) });
          notify('Limits saved.');
        }}
      />
    </>
  );
}

/** How this computer is used for conversions. */
export function ComputerSection() {
  const employed = useLive((live) => isWorkerOnly(live.summary));
  return (
    <>
      <SettingGroups section="computer" />
      <div className={classes.form}>
        <Section title="Limits">
          {employed ? (
            <Text>
              This computer works for a master. See <Link href="/this-computer">This computer</Link>.
            </Text>
          ) : (
            <Limits />
          )}
        </Section>
      </div>
    </>
  );
}
