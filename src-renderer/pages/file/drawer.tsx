import { ActionIcon, Button, Drawer, Group, Stack, Text } from '@mantine/core';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import type { Output } from '../../../src-shared/contract/index.ts';
import { bytesWithError } from '../../../src-shared/text/forecast-text.ts';
import { formatBytes, savedPercent } from '../../../src-shared/text/format.ts';
import { fullPath } from '../../../src-shared/util/paths.ts';
import { CopyText } from '../../components/copy-text.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { LiveState } from '../../components/live-state.tsx';
import { Loading } from '../../components/loading.tsx';
import { Savings } from '../../components/savings.tsx';
import { useNarrow } from '../../components/use-narrow.ts';
import { Compare } from '../../features/preview/compare.tsx';
import { SampleMaker } from '../../features/preview/sample-maker.tsx';
import { RunningFacts } from '../../features/queue/running-list.tsx';
import { RuleLink } from '../../features/reasons/rule-link.tsx';
import { BASE } from '../../lib/base-path.ts';
import { desktop } from '../../lib/desktop-bridge.ts';
import { about, endsAt, folderOf, nameOf, type State } from '../../lib/labels.ts';
import { useLive } from '../../store/live.ts';
import { focusOpener, useNeighbors, useOpenedFile, useOpenFile } from '../../store/open-file.ts';
import { notifyError, useCall } from '../../store/queries.ts';
import { FileButtons } from './buttons.tsx';
import classes from './drawer.module.css';
import { factsOf, sourceFactsOf } from './facts.ts';
import { PlanList } from './plan-list.tsx';
import { reportOf } from './report.ts';
import { TIMELINE_KINDS, Timeline } from './timeline.tsx';

type Detail = Output<'file.get'>;

/** States in which a result is still to come. */
const AWAITED: State[] = ['found', 'queued', 'running'];

/** What its conversion will probably come to. */
function Expected({ file, forecast }: { file: FileView; forecast: NonNullable<Detail['forecast']> }) {
  const { crf, bytes, bytesError, seconds, sampled } = forecast;
  const facts = [
    `${bytesWithError(bytes, bytesError)}, −${savedPercent(file.size, bytes)}`,
    `CRF about ${Math.round(crf)}`,
    seconds !== null && `${about(seconds)} of encoding`,
  ];
  return (
    <Text c="dimmed">
      Expected size: {facts.filter(Boolean).join(', ')}
      {sampled ? ' (by samples of this video).' : '.'}
    </Text>
  );
}

function Verdict({ detail: { file, forecast } }: { detail: Detail }) {
  const task = useLive((live) => live.summary?.running.find((running) => running.file === file.id));
  return (
    <Stack gap={4}>
      <Group gap="sm">
        <LiveState file={file} />
        {file.state === 'done' && <Savings before={file.sourceSize} after={file.resultSize} />}
      </Group>
      {file.allComputers && !task && <Text>Computers help with this video before they begin another one.</Text>}
      {task && <RunningFacts task={task} withWorker />}
      {file.reason && (
        <Text>
          {file.reason} <RuleLink code={file.code} />
        </Text>
      )}
      {file.missing && (
        <Text c="var(--fl-attention)">The file is missing from the disk. The next scan looks for it again.</Text>
      )}
      {AWAITED.includes(file.state) && forecast && <Expected file={file} forecast={forecast} />}
    </Stack>
  );
}

function Original({ original }: { original: NonNullable<Detail['original']> }) {
  return (
    <Text c="dimmed">
      The original ({formatBytes(original.size)}) is in the vault until{' '}
      {original.keepUntil === null ? 'you purge it' : endsAt(original.keepUntil)}.
    </Text>
  );
}

/** One picture of the video where there are no two to compare; nothing where it has none. */
function Poster({ file }: { file: FileView }) {
  const [gone, setGone] = useState(false);
  if (gone) return null;
  const side = file.state === 'done' ? 'result' : 'source';
  return (
    <img
      className={classes.poster}
      src={`${BASE}/api/files/${file.id}/frames/${side}/2.jpg?optional=1`}
      alt="From the middle of the video"
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
  const { data: history = [] } = useCall('history.list', { file: file.id, kind: TIMELINE_KINDS });
  const comparable = file.state === 'done' ? original !== null : sample !== null;
  return (
    <Stack gap="lg">
      <Verdict detail={detail} />
      <FileButtons detail={detail} />
      {original && <Original original={original} />}
      {!comparable && !file.missing && file.width !== null && <Poster key={file.id} file={file} />}
      {comparable && (
        <Part title={file.state === 'done' ? 'Source and result' : 'Source and sample'}>
          <Compare
            file={file}
            sample={file.state === 'done' ? null : sample}
            likeness={attempts.at(-1)?.likeness ?? sample?.likeness ?? null}
            worst={file.state === 'done' ? (attempts.at(-1)?.quality?.worst?.at ?? null) : null}
          />
        </Part>
      )}
      {plan?.kind === 'convert' && file.state !== 'done' && (
        <Part title="Try a sample">
          <SampleMaker file={file} sample={sample} />
        </Part>
      )}
      {plan?.kind === 'convert' && (
        <Part title={file.state === 'done' ? 'What was done' : 'Plan'}>
          <PlanList streams={plan.streams} />
          {plan.tagsLost && <Text size="sm">{plan.tagsLost}</Text>}
        </Part>
      )}
      {attempts.length + history.length > 0 && (
        <Part title="Timeline">
          <Timeline attempts={attempts} history={history} />
        </Part>
      )}
      <Stack gap="xs">
        <Text size="xs" c="dimmed" className={classes.path}>
          {fullPath(root, file.path)}
        </Text>
        <Group gap="xs">
          {desktop && !file.missing && (
            <Button variant="default" onClick={() => desktop?.showInFolder(file.id).catch(notifyError)}>
              Show in folder
            </Button>
          )}
          <CopyText text={() => fullPath(root, file.path)}>Copy path</CopyText>
          <CopyText text={() => reportOf(detail, root)}>Copy report</CopyText>
        </Group>
      </Stack>
    </Stack>
  );
}

/** To the previous and the next video of the list behind the drawer. */
function Steps({ file }: { file: number }) {
  const list = useNeighbors((neighbors) => neighbors.list);
  if (list?.file !== file || list.total < 2) return null;
  const { index, total, open } = list;
  return (
    <Group gap={4} mt={4}>
      <ActionIcon aria-label="Previous video" disabled={index <= 0} onClick={() => open(index - 1)}>
        <IconChevronUp size={18} aria-hidden />
      </ActionIcon>
      <ActionIcon aria-label="Next video" disabled={index >= total - 1} onClick={() => open(index + 1)}>
        <IconChevronDown size={18} aria-hidden />
      </ActionIcon>
      <Text span size="xs" c="dimmed">
        {(index + 1).toLocaleString('en')} of {total.toLocaleString('en')}
      </Text>
    </Group>
  );
}

/** One video, in a drawer over the page it was opened from. */
export function FileDrawer() {
  const id = useOpenedFile();
  const openFile = useOpenFile();
  const narrow = useNarrow();
  const wasOpen = useRef(false);
  useEffect(() => {
    if (wasOpen.current && id === null) focusOpener();
    wasOpen.current = id !== null;
  }, [id]);
  const { data, error, refetch } = useCall('file.get', { file: id ?? 1 }, { enabled: id !== null });
  const libraries = useLive((live) => live.summary?.libraries);
  const file = data?.file;
  const root = libraries?.find((library) => library.id === file?.library)?.root ?? '';
  return (
    <Drawer
      opened={id !== null}
      onClose={() => openFile(null)}
      returnFocus={false}
      position="right"
      size={narrow ? '100%' : 640}
      title={
        file ? (
          <div className={classes.head}>
            <div className={classes.name}>{nameOf(file.path)}</div>
            <div className={classes.facts}>{factsOf(file)}</div>
            {sourceFactsOf(file) && <div className={classes.facts}>{sourceFactsOf(file)}</div>}
            <div className={classes.facts}>{folderOf(file.path)}</div>
            <Steps file={file.id} />
          </div>
        ) : (
          'Video'
        )
      }
    >
      {error ? (
        <ErrorAlert error={error} retry={refetch} />
      ) : data ? (
        <Body detail={data} root={root} />
      ) : (
        <Loading lines={6} />
      )}
    </Drawer>
  );
}
