import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { count, formatBytes, savedPercent } from '../../../src-shared/text/format.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { ForecastSummary } from '../../features/forecast/forecast-summary.tsx';
import { lockedBy } from '../../features/settings/setting-source.ts';
import { about } from '../../lib/labels.ts';
import { useLive } from '../../store/live.ts';
import { useAction, useCall } from '../../store/queries.ts';
import { PreviewSample } from './preview-sample.tsx';
import { PreviewVideos } from './preview-videos.tsx';
import { useStartedScans } from './started-scans.ts';
import { Steps } from './steps.tsx';
import classes from './welcome.module.css';

/** True from when a scan is asked for, which is before it begins. */
function useIsScanning(library: number): boolean {
  const started = useStartedScans(({ libraries }) => libraries.includes(library));
  const scanning = useLive((live) => live.summary?.scanning.includes(library) ?? true);
  return started || scanning;
}

function DryRunNumbers({ library }: { library: number }) {
  const { data, error, refetch } = useCall('library.dryRun', { library }, { keep: true });
  const scanning = useIsScanning(library);
  const isAnalyzed = data !== undefined && data.convert > 0 && data.pending === 0;
  const { data: forecast } = useCall('forecast.get', { library }, { keep: true, enabled: isAnalyzed });
  if (error) return <ErrorAlert error={error} retry={refetch} />;
  if (!data) return <Loading lines={2} />;
  const { convert, skip, pending, files } = data;
  // What the sentence below says of the same videos.
  const { bytes, bytesAfter, seconds } = isAnalyzed && forecast?.videos ? forecast : data;
  if (files === 0) {
    return (
      <Text c="dimmed" role="status">
        {scanning ? 'Scanning the folder…' : 'No videos found in this folder.'}
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      <dl className={classes.numbers}>
        <div>
          <dt>Videos to convert</dt>
          <dd>{convert.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Current size</dt>
          <dd>{formatBytes(bytes)}</dd>
        </div>
        <div>
          <dt>Estimated size</dt>
          <dd>
            {formatBytes(bytesAfter)} {bytes > 0 && <small>−{savedPercent(bytes, bytesAfter)}</small>}
          </dd>
        </div>
        <div>
          <dt>Estimated time</dt>
          <dd>{seconds === null ? 'Not known yet' : about(seconds)}</dd>
        </div>
      </dl>
      {pending > 0 && (
        <Text c="dimmed" role="status">
          Analyzing {count(pending, 'more video')}; totals will increase.
        </Text>
      )}
      {isAnalyzed && <ForecastSummary library={library} />}
      {skip.map(({ code, count: n, example }) => (
        <Text key={code} c="dimmed">
          {count(n, 'video')} skipped{n > 1 && ', for example'}: {example}
        </Text>
      ))}
    </Stack>
  );
}

function Safety() {
  const settings = useCall('settings.get', {});
  const several = useLive(({ summary }) => (summary?.libraries.length ?? 0) > 1);
  const set = useAction('settings.set', ['settings.get']);
  if (!settings.data) return <Loading lines={2} />;
  const { values, sources } = settings.data;
  const pinned = lockedBy('testingMode', sources);
  const days = count(values.vaultDays, 'day');
  return (
    <Stack gap="sm">
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <IconShieldCheck size={24} stroke={1.75} color="var(--fl-done)" style={{ flex: 'none' }} aria-hidden />
        <Text>
          Each result is fully decoded and compared with its original, track by track and frame by frame. Only then does
          it take the original’s place, and the original goes into a vault in the same library
          {values.testingMode ? ', where it stays until you purge it.' : `, where it stays for ${days}.`}
        </Text>
      </Group>
      <Switch
        label="Testing mode: keep every original until I purge it"
        description={
          pinned
            ? `Locked: set by ${pinned} at startup.`
            : `Recommended for your first videos. Space is freed when you purge the vault.${several ? ' Applies to all libraries.' : ''}`
        }
        checked={values.testingMode}
        disabled={pinned !== undefined || set.isPending}
        onChange={(event) => set.mutate({ values: { testingMode: event.currentTarget.checked } })}
      />
    </Stack>
  );
}

function LibraryPreview({ library, alone }: { library: number; alone: boolean }) {
  const root = useLive((live) => live.summary?.libraries.find(({ id }) => id === library)?.root);
  return (
    <>
      {alone ? (
        <DryRunNumbers library={library} />
      ) : (
        <Section title={root ?? 'Library'}>
          <DryRunNumbers library={library} />
        </Section>
      )}
      <Section title={alone ? 'Videos' : `Videos in ${root}`}>
        <PreviewVideos library={library} />
      </Section>
    </>
  );
}

/** A preview of converting folders, how originals are kept safe, and a sample; then the start. */
export function Preview({ libraries }: { libraries: number[] }) {
  const [, navigate] = useLocation();
  const all = useLive((live) => live.summary?.libraries);
  const started = useStartedScans((scans) => scans.libraries);
  const release = useAction('library.release');
  const finish = useAction('setup.set', ['setup.get']);
  const [busy, setBusy] = useState(false);
  const known = all?.filter(({ id }) => libraries.includes(id)) ?? [];
  const held = known.filter((library) => library.held);
  const isScanning = libraries.some((id) => started.includes(id));
  const start = async () => {
    setBusy(true);
    try {
      for (const { id } of held) await release.mutateAsync({ library: id });
      await finish.mutateAsync({ complete: true });
      navigate('/');
    } catch {
      setBusy(false);
    }
  };
  const later = () => finish.mutate({ complete: true }, { onSuccess: () => navigate('/') });
  const [first = 0] = libraries;
  return (
    <>
      <PageHead
        title="Preview"
        sentence={known.map(({ root }) => root).join(', ')}
        actions={
          all && held.length === 0 ? (
            <Button onClick={later}>Go to dashboard</Button>
          ) : (
            <>
              <Button variant="default" onClick={later}>
                Decide later
              </Button>
              <Button loading={busy} disabled={isScanning} onClick={start}>
                Start converting
              </Button>
            </>
          )
        }
      />
      <PageBody>
        <Steps current="preview" />
        <div className={classes.columns}>
          <div>
            {libraries.map((library) => (
              <LibraryPreview key={library} library={library} alone={libraries.length === 1} />
            ))}
          </div>
          <div>
            <Section title="Your videos are safe">
              <Safety />
            </Section>
            <Section title="Try a sample">
              <PreviewSample library={first} />
            </Section>
          </div>
        </div>
      </PageBody>
    </>
  );
}
