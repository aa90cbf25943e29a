import { Button, DataList, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { Link } from 'wouter';
import { formatBytes } from '../../../src-shared/text/format.ts';
import { CopyText } from '../../components/copy-text.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { BASE } from '../../lib/base-path.ts';
import { useCall } from '../../store/queries.ts';
import classes from './settings.module.css';

function Doctor() {
  const doctor = useCall('doctor', {});
  if (doctor.error) return <ErrorAlert error={doctor.error} retry={doctor.refetch} />;
  if (!doctor.data) return <Loading />;
  return (
    <div>
      {doctor.data.map(({ ok, what, advice }) => (
        <div key={what} className={classes.finding}>
          {ok ? (
            <IconCircleCheck size={20} stroke={1.75} color="var(--fl-done)" aria-label="OK" />
          ) : (
            <IconAlertTriangle size={20} stroke={1.75} color="var(--fl-attention)" aria-label="Needs attention" />
          )}
          <div>
            <Text>{what}</Text>
            {!ok && advice && <Text c="dimmed">{advice}</Text>}
          </div>
        </div>
      ))}
    </div>
  );
}

/** The versions in use, and whether everything works. */
export function AboutSection() {
  const about = useCall('about', {});
  if (about.error) return <ErrorAlert error={about.error} retry={about.refetch} />;
  if (!about.data) return <Loading lines={6} />;
  const { version, node, platform, ffmpeg, sqlite, dataDir, databaseSize, lastBackup, startedAt } = about.data;
  const facts = {
    Flotilla: version,
    ffmpeg,
    'Node.js': node,
    SQLite: sqlite,
    System: platform,
    'Data folder': dataDir,
    Database: formatBytes(databaseSize),
  };
  const report = () =>
    Object.entries(facts)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n');
  return (
    <Stack className={classes.form} align="flex-start">
      <DataList labelWidth="120px">
        {Object.entries(facts).map(([name, value]) => (
          <DataList.Item key={name}>
            <DataList.ItemLabel>{name}</DataList.ItemLabel>
            <DataList.ItemValue>{value}</DataList.ItemValue>
          </DataList.Item>
        ))}
        <DataList.Item>
          <DataList.ItemLabel>Started</DataList.ItemLabel>
          <DataList.ItemValue>
            <RelativeTime time={startedAt} />
          </DataList.ItemValue>
        </DataList.Item>
        <DataList.Item>
          <DataList.ItemLabel>Last backup</DataList.ItemLabel>
          <DataList.ItemValue>
            {lastBackup ? (
              <>
                <RelativeTime time={lastBackup.madeAt} /> ({formatBytes(lastBackup.size)})
              </>
            ) : (
              'None yet. Flotilla makes one every day.'
            )}
          </DataList.ItemValue>
        </DataList.Item>
      </DataList>
      <Group gap="xs">
        <CopyText text={report}>Copy details</CopyText>
        <Button variant="default" component="a" href={`${BASE}/api/support`} download>
          Download support bundle
        </Button>
        <Button variant="default" component={Link} href="/logs">
          Show logs
        </Button>
      </Group>
      <Text c="dimmed">
        The support bundle is for bug reports: versions, system check, settings, and logs. It names videos and
        computers, and holds no passwords or tokens.
      </Text>
      <Section title="System check">
        <Doctor />
      </Section>
    </Stack>
  );
}
