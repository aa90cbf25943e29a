import { DataList, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { formatBytes } from '../../../src-shared/format.ts';
import { Loading, Trouble, When } from '../../components/bits.tsx';
import { CopyText } from '../../components/copy-text.tsx';
import { Section } from '../../components/page.tsx';
import { useCall } from '../../store/calls.ts';
import classes from './settings.module.css';

function Doctor() {
  const doctor = useCall('doctor', {});
  if (doctor.error) return <Trouble error={doctor.error} retry={doctor.refetch} />;
  if (!doctor.data) return <Loading />;
  return (
    <div>
      {doctor.data.map(({ ok, what, advice }) => (
        <div key={what} className={classes.finding}>
          {ok ? (
            <IconCircleCheck size={20} stroke={1.75} color="var(--fl-done)" aria-label="Good" />
          ) : (
            <IconAlertTriangle size={20} stroke={1.75} color="var(--fl-attention)" aria-label="Needs you" />
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

/** What runs here, and whether everything it needs is there. */
export function AboutSection() {
  const about = useCall('about', {});
  if (about.error) return <Trouble error={about.error} retry={about.refetch} />;
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
            <When time={startedAt} />
          </DataList.ItemValue>
        </DataList.Item>
        <DataList.Item>
          <DataList.ItemLabel>Last backup</DataList.ItemLabel>
          <DataList.ItemValue>
            {lastBackup ? (
              <>
                <When time={lastBackup.madeAt} /> ({formatBytes(lastBackup.size)})
              </>
            ) : (
              'None yet; one is made every day'
            )}
          </DataList.ItemValue>
        </DataList.Item>
      </DataList>
      <CopyText text={report}>Copy this</CopyText>
      <Section title="Is everything there?">
        <Doctor />
      </Section>
    </Stack>
  );
}
