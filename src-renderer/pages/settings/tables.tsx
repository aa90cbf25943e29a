import { Button, Code, Group, NumberInput, Stack, Table, Text } from '@mantine/core';
import { useReducer } from 'react';
import type { Output } from '../../../src-shared/contract/index.ts';
import { AudioTable, QualityTable, RESOLUTIONS } from '../../../src-shared/media/quality.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Section } from '../../components/page.tsx';
import { useNarrow } from '../../components/use-narrow.ts';
import { notify, useAction, useCall } from '../../store/queries.ts';
import classes from './settings.module.css';

type Tables = Output<'table.get'>;

const SOURCES = { x264: 'H.264 and older', x265: 'HEVC and VP9', av1: 'AV1' } as const;
const CHANNELS = ['1', '2', '3', '4', '5', '6', '7', '8'];
const LAYOUTS: Record<string, string> = { 1: 'Mono', 2: 'Stereo', 6: '5.1', 8: '7.1' };

interface EditorProps<T> {
  view: { table: T; standard: T; file: string; problem: string | null };
  save: (table: T | null) => void;
  busy: boolean;
}

/** Changes that are not saved yet, by table: they outlive a look at another section. */
const drafts = new Map<string, { of: string; draft: unknown }>();

/** A draft of a table that follows the stored one until it is changed. */
function useDraft<T>(name: string, table: T) {
  const stored = JSON.stringify(table);
  const kept = drafts.get(name);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const draft = kept?.of === stored ? (kept.draft as T) : table;
  const setDraft = (next: T) => {
    drafts.set(name, { of: stored, draft: next });
    redraw();
  };
  return { draft, setDraft, dirty: JSON.stringify(draft) !== stored };
}

function Foot<T>({
  view,
  busy,
  dirty,
  why,
  save,
  draft,
  discard,
}: EditorProps<T> & { dirty: boolean; why: string | undefined; draft: T; discard: () => void }) {
  const isStandard = JSON.stringify(view.table) === JSON.stringify(view.standard);
  return (
    <>
      {view.problem && (
        <Text c="var(--fl-attention)" role="alert">
          {view.problem}
        </Text>
      )}
      {why && <Text c="var(--fl-failed)">{why}</Text>}
      <Group gap="xs">
        <Button disabled={!dirty || why !== undefined} loading={busy} onClick={() => save(draft)}>
          Save
        </Button>
        {dirty && (
          <Button variant="default" onClick={discard}>
            Discard
          </Button>
        )}
        {!isStandard && !dirty && (
          <Button variant="default" loading={busy} onClick={() => save(null)}>
            Reset to default
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        You can also edit this table as a file: <Code>{view.file}</Code>
      </Text>
    </>
  );
}

function QualityEditor(props: EditorProps<QualityTable>) {
  const { draft, setDraft, dirty } = useDraft('quality', props.view.table);
  const narrow = useNarrow();
  const why = QualityTable.safeParse(draft).success ? undefined : 'Each CRF must be a whole number from 1 to 63.';
  return (
    <Stack gap="sm">
      <div className={classes.scroll}>
        <Table withRowBorders horizontalSpacing="xs" verticalSpacing={4} className={classes.flush}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Resolution</Table.Th>
              {Object.entries(SOURCES).map(([source, label]) => (
                <Table.Th key={source}>{label}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {RESOLUTIONS.map((resolution) => (
              <Table.Tr key={resolution}>
                <Table.Th scope="row">{resolution}</Table.Th>
                {(Object.keys(SOURCES) as (keyof typeof SOURCES)[]).map((source) => (
                  <Table.Td key={source}>
                    <NumberInput
                      w={narrow ? 64 : 96}
                      hideControls={narrow}
                      aria-label={`CRF for ${resolution} from ${SOURCES[source]}`}
                      min={1}
                      max={63}
                      allowDecimal={false}
                      clampBehavior="none"
                      value={draft[resolution][source]}
                      onChange={(crf) =>
                        setDraft({
                          ...draft,
                          [resolution]: { ...draft[resolution], [source]: crf === '' ? 0 : Number(crf) },
                        })
                      }
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Foot {...props} draft={draft} dirty={dirty} why={why} discard={() => setDraft(props.view.table)} />
    </Stack>
  );
}

function AudioEditor(props: EditorProps<AudioTable>) {
  const { draft, setDraft, dirty } = useDraft('audio', props.view.table);
  const parsed = AudioTable.safeParse(draft);
  return (
    <Stack gap="sm">
      <div className={classes.scroll}>
        <Table withRowBorders horizontalSpacing="xs" verticalSpacing={4} className={classes.flush}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Channels</Table.Th>
              <Table.Th>Opus, kb/s</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {CHANNELS.map((channels) => (
              <Table.Tr key={channels}>
                <Table.Th scope="row">
                  {channels}
                  {LAYOUTS[channels] && ` (${LAYOUTS[channels]})`}
                </Table.Th>
                <Table.Td>
                  <NumberInput
                    w={160}
                    aria-label={`Opus bit rate for ${channels} channels`}
                    placeholder="Interpolated"
                    min={6 * Number(channels)}
                    max={256 * Number(channels)}
                    allowDecimal={false}
                    clampBehavior="none"
                    value={draft[channels] ?? ''}
                    onChange={(kbps) => {
                      const { [channels]: _, ...rest } = draft;
                      setDraft(kbps === '' ? rest : { ...rest, [channels]: Number(kbps) });
                    }}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Foot
        {...props}
        draft={draft}
        dirty={dirty}
        why={parsed.success ? undefined : `${parsed.error.issues[0]?.message ?? 'This table is invalid'}.`}
        discard={() => setDraft(props.view.table)}
      />
    </Stack>
  );
}

/** The stored tables and how to store them. */
function useTables() {
  const tables = useCall('table.get', {});
  const set = useAction('table.set', ['table.get', 'file.get', 'library.dryRun']);
  const save = (change: { [K in keyof Tables]?: Tables[K]['table'] | null }) =>
    set.mutate(change, { onSuccess: () => notify('Saved. Applies to queued videos.') });
  return { tables, save, busy: set.isPending };
}

/** The CRF by resolution and source codec. */
export function QualityTableForm() {
  const { tables, save, busy } = useTables();
  if (tables.error) return <ErrorAlert error={tables.error} retry={tables.refetch} />;
  if (!tables.data) return <Loading lines={6} />;
  return (
    <Section title="CRF by resolution and source codec">
      <Text c="dimmed" mb="sm">
        A lower CRF means better quality and larger files: 1 is the best, 63 the smallest.
      </Text>
      <QualityEditor view={tables.data.quality} busy={busy} save={(quality) => save({ quality })} />
    </Section>
  );
}

/** The Opus bit rate by channel count. */
export function AudioTableForm() {
  const { tables, save, busy } = useTables();
  if (tables.error) return <ErrorAlert error={tables.error} retry={tables.refetch} />;
  if (!tables.data) return <Loading lines={6} />;
  return (
    <Section title="Opus bit rate by channel count">
      <AudioEditor view={tables.data.audio} busy={busy} save={(audio) => save({ audio })} />
    </Section>
  );
}
