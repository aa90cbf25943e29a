import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { count, formatBytes } from '../../../src-shared/format.ts';
import { Loading, Trouble } from '../../components/bits.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { useAction, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import { about } from '../../words.ts';
import { pinnedBy } from '../settings/pinned.ts';
import { PreviewSample } from './preview-sample.tsx';
import classes from './welcome.module.css';

function DryRunNumbers({ library }: { library: number }) {
  const { data, error, refetch } = useCall('library.dryRun', { library }, { keep: true });
  const scanning = useLive((live) => live.summary?.scanning.includes(library) ?? true);
  if (error) return <Trouble error={error} retry={refetch} />;
  if (!data) return <Loading lines={2} />;
  const { convert, bytes, bytesAfter, seconds, skip, pending, files } = data;
  if (files === 0) {
    return (
      <Text c="dimmed" role="status">
        {scanning ? 'Looking through the folder.' : 'There are no films in this folder.'}
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      <dl className={classes.numbers}>
        <div>
          <dt>Films to convert</dt>
          <dd>{convert.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Size now</dt>
          <dd>{formatBytes(bytes)}</dd>
        </div>
        <div>
          <dt>Could become</dt>
          <dd>{formatBytes(bytesAfter)}</dd>
        </div>
        <div>
          <dt>On this computer</dt>
          <dd>{seconds === null ? 'unknown yet' : about(seconds)}</dd>
        </div>
      </dl>
      {pending > 0 && (
        <Text c="dimmed" role="status">
          {count(pending, 'film')} still to be looked into; the numbers grow meanwhile.
        </Text>
      )}
      {seconds === null && convert > 0 && pending === 0 && (
        <Text c="dimmed">How long it takes is known after a sample, or after the first film.</Text>
      )}
      {skip.map(({ code, count: n, example }) => (
        <Text key={code} c="dimmed">
          {count(n, 'film')} left alone{n > 1 && ', for example'}: {example}
        </Text>
      ))}
    </Stack>
  );
}

function Safety() {
  const settings = useCall('settings.get', {});
  const set = useAction('settings.set', ['settings.get']);
  if (!settings.data) return <Loading lines={2} />;
  const { values, sources } = settings.data;
  const pinned = pinnedBy('testingMode', sources);
  const days = count(values.vaultDays, 'day');
  return (
    <Stack gap="sm">
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <IconShieldCheck size={24} stroke={1.75} color="var(--fl-done)" style={{ flex: 'none' }} aria-hidden />
        <Text>
          Each result is decoded to its end and compared with its original, track by track and picture by picture. Only
          then does it take the original’s place, and the original goes into a vault in the same library
          {values.testingMode ? ', where it stays until you purge it.' : `, where it stays for ${days}.`}
        </Text>
      </Group>
      <Switch
        label="Testing mode: keep every original until I purge it"
        description={
          pinned
            ? `Set by ${pinned} where Flotilla was started.`
            : 'Good for the first films. Space is freed once you purge the vault under Settings.'
        }
        checked={values.testingMode}
        disabled={pinned !== undefined || set.isPending}
        onChange={(event) => set.mutate({ values: { testingMode: event.currentTarget.checked } })}
      />
    </Stack>
  );
}

/** What converting a folder would bring, how it is kept safe, and a sample to look at; then the start. */
export function Preview({ library }: { library: number }) {
  const [, navigate] = useLocation();
  const known = useLive((live) => live.summary?.libraries.find(({ id }) => id === library));
  const release = useAction('library.release');
  const finish = useAction('setup.set', ['setup.get']);
  const [busy, setBusy] = useState(false);
  const start = async () => {
    setBusy(true);
    try {
      await release.mutateAsync({ library });
      await finish.mutateAsync({ complete: true });
      navigate('/');
    } catch {
      setBusy(false);
    }
  };
  const later = () => finish.mutate({ complete: true }, { onSuccess: () => navigate('/') });
  return (
    <>
      <PageHead
        title="What it would bring"
        sentence={known?.root}
        actions={
          known?.held === false ? (
            <Button onClick={later}>To the dashboard</Button>
          ) : (
            <>
              <Button variant="default" onClick={later}>
                Not now
              </Button>
              <Button loading={busy} onClick={start}>
                Start converting
              </Button>
            </>
          )
        }
      />
      <PageBody form>
        <DryRunNumbers library={library} />
        <Section title="Your films are safe">
          <Safety />
        </Section>
        <Section title="Look at one first">
          <PreviewSample library={library} />
        </Section>
      </PageBody>
    </>
  );
}
