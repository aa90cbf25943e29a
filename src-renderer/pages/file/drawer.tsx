import { Button, Drawer, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Output } from '../../../src-shared/contract.ts';
import { codecName } from '../../../src-shared/describe.ts';
import type { FileView } from '../../../src-shared/file-view.ts';
import { formatBytes, formatDuration } from '../../../src-shared/format.ts';
import { fullPath } from '../../../src-shared/paths.ts';
import { BASE } from '../../base.ts';
import { Loading, Saving, Trouble, When } from '../../components/bits.tsx';
import { CopyText } from '../../components/copy-text.tsx';
import { LiveState } from '../../components/live-state.tsx';
import { useNarrow } from '../../components/use-narrow.ts';
import { desktop } from '../../desktop.ts';
import { tellTrouble, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import { useOpenedFile, useOpenFile } from '../../store/open-file.ts';
import { about, folderOf, nameOf } from '../../words.ts';
import { FileButtons } from './buttons.tsx';
import { Compare } from './compare.tsx';
import classes from './drawer.module.css';
import { PlanList } from './plan-list.tsx';
import { reportOf } from './report.ts';
import { SampleMaker } from './sample-maker.tsx';
import { Timeline } from './timeline.tsx';

type Detail = Output<'file.get'>;

function factsOf(file: FileView): string {
  const facts = [
    file.width && file.height && `${file.width}×${file.height}`,
    file.codec && codecName(file.codec),
    file.hdr !== 'SDR' && file.hdr,
    file.audio,
    file.duration !== null && formatDuration(file.duration),
    formatBytes(file.sourceSize ?? file.size),
  ];
  return facts.filter(Boolean).join(' · ');
}

function Verdict({ detail: { file, estimate } }: { detail: Detail }) {
  const task = useLive((live) => live.summary?.running.find((running) => running.file === file.id));
  return (
    <Stack gap={4}>
      <Group gap="sm">
        <LiveState file={file} />
        {task?.progress.eta !== undefined && <Text c="dimmed">{about(task.progress.eta)}</Text>}
        {file.state === 'done' && <Saving before={file.sourceSize} after={file.resultSize} />}
      </Group>
      {file.reason && <Text>{file.reason}</Text>}
      {file.missing && (
        <Text c="var(--fl-attention)">The file is no longer on the disk. A scan looks for it again.</Text>
      )}
      {file.state !== 'done' && estimate !== null && (
        <Text c="dimmed">The result will have roughly {formatBytes(estimate)}.</Text>
      )}
    </Stack>
  );
}

function Original({ original }: { original: NonNullable<Detail['original']> }) {
  return (
    <Text c="dimmed">
      The original ({formatBytes(original.size)}) is in the vault
      {original.keepUntil === null ? (
        ' until you purge it'
      ) : (
        <>
          , and may be purged <When time={original.keepUntil} />
        </>
      )}
      .
    </Text>
  );
}

/** One picture of the film where there are no two to compare; nothing where it gives none. */
function Poster({ file }: { file: FileView }) {
  const [gone, setGone] = useState(false);
  if (gone) return null;
  const side = file.state === 'done' ? 'result' : 'source';
  return (
    <img
      className={classes.poster}
      src={`${BASE}/api/files/${file.id}/frames/${side}/2.jpg`}
      alt="From the middle of the film"
      onError={() => setGone(true)}
    />
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className={classes.title}>{title}</h3>
      {children}
    </section>
  );
}

function Body({ detail, root }: { detail: Detail; root: string }) {
  const { file, plan, attempts, original, sample } = detail;
  const comparable = file.state === 'done' ? original !== null : sample !== null;
  return (
    <Stack gap="lg">
      <Verdict detail={detail} />
      <FileButtons detail={detail} />
      {original && <Original original={original} />}
      {!comparable && !file.missing && file.width !== null && <Poster key={file.id} file={file} />}
      {comparable && (
        <Part title="Source and result">
          <Compare
            file={file}
            sample={file.state === 'done' ? null : sample}
            likeness={attempts.at(-1)?.likeness ?? sample?.likeness ?? null}
          />
        </Part>
      )}
      {plan?.kind === 'convert' && file.state !== 'done' && (
        <Part title="Try a few seconds">
          <SampleMaker file={file} sample={sample} />
        </Part>
      )}
      {plan?.kind === 'convert' && (
        <Part title={file.state === 'done' ? 'What was done' : 'Plan'}>
          <PlanList streams={plan.streams} />
        </Part>
      )}
      {attempts.length > 0 && (
        <Part title="Timeline">
          <Timeline attempts={attempts} />
        </Part>
      )}
      <Stack gap="xs">
        <Text size="xs" c="dimmed" className={classes.path}>
          {fullPath(root, file.path)}
        </Text>
        <Group gap="xs">
          {desktop && !file.missing && (
            <Button variant="default" onClick={() => desktop?.showInFolder(file.id).catch(tellTrouble)}>
              Show in folder
            </Button>
          )}
          <CopyText text={() => reportOf(detail, root)}>Copy a report</CopyText>
        </Group>
      </Stack>
    </Stack>
  );
}

/** One film, in a drawer over whatever page it was opened from. */
export function FileDrawer() {
  const id = useOpenedFile();
  const openFile = useOpenFile();
  const narrow = useNarrow();
  const { data, error, refetch } = useCall('file.get', { file: id ?? 1 }, { enabled: id !== null });
  const libraries = useLive((live) => live.summary?.libraries);
  const file = data?.file;
  const root = libraries?.find((library) => library.id === file?.library)?.root ?? '';
  return (
    <Drawer
      opened={id !== null}
      onClose={() => openFile(null)}
      position="right"
      size={narrow ? '100%' : 640}
      title={
        file ? (
          <div className={classes.head}>
            <div className={classes.name}>{nameOf(file.path)}</div>
            <div className={classes.facts}>{factsOf(file)}</div>
            <div className={classes.facts}>{folderOf(file.path)}</div>
          </div>
        ) : (
          'Film'
        )
      }
    >
      {error ? (
        <Trouble error={error} retry={refetch} />
      ) : data ? (
        <Body detail={data} root={root} />
      ) : (
        <Loading lines={6} />
      )}
    </Drawer>
  );
}
