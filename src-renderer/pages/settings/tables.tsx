import { Button, Code, Group, NumberInput, Stack, Table, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Output } from '../../../src-shared/contract.ts';
import { AudioTable, QualityTable, RESOLUTIONS } from '../../../src-shared/quality.ts';
import { Loading, Trouble } from '../../components/bits.tsx';
import { Section } from '../../components/page.tsx';
import { useNarrow } from '../../components/use-narrow.ts';
import { tell, useAction, useCall } from '../../store/calls.ts';
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

/** A draft of a table that follows the stored one until it is changed. */
function useDraft<T>(table: T) {
  const [draft, setDraft] = useState(table);
  useEffect(() => setDraft(table), [table]);
  return { draft, setDraft, dirty: JSON.stringify(draft) !== JSON.stringify(table) };
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
            Back to the standard
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        The same table as a file, to edit by hand: <Code>{view.file}</Code>
      </Text>
    </>
  );
}

function QualityEditor(props: EditorProps<QualityTable>) {
  const { draft, setDraft, dirty } = useDraft(props.view.table);
  const narrow = useNarrow();
  const why = QualityTable.safeParse(draft).success ? undefined : 'Each CRF has to be a whole number from 1 to 63.';
  return (
    <Stack gap="sm">
      <div className={classes.scroll}>
        <Table withRowBorders horizontalSpacing="xs" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Picture</Table.Th>
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
  const { draft, setDraft, dirty } = useDraft(props.view.table);
  const parsed = AudioTable.safeParse(draft);
  return (
    <Stack gap="sm">
      <div className={classes.scroll}>
        <Table withRowBorders horizontalSpacing="xs" verticalSpacing={4}>
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
                    placeholder="By the others"
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
        why={parsed.success ? undefined : `${parsed.error.issues[0]?.message ?? 'This table is not right'}.`}
        discard={() => setDraft(props.view.table)}
      />
    </Stack>
  );
}

/** The lookup tables: which CRF a picture gets, and which bit rate a sound track. */
export function TablesSection() {
  const tables = useCall('table.get', {});
  const set = useAction('table.set', ['table.get', 'file.get', 'library.dryRun']);
  if (tables.error) return <Trouble error={tables.error} retry={tables.refetch} />;
  if (!tables.data) return <Loading lines={6} />;
  const save = (change: { [K in keyof Tables]?: Tables[K]['table'] | null }) =>
    set.mutate(change, { onSuccess: () => tell('Saved. Films that wait are planned with it from now on.') });
  return (
    <div className={classes.form}>
      <Text c="dimmed">Smaller CRF numbers mean better pictures and larger files: 1 is the best, 63 the smallest.</Text>
      <Section title="CRF by picture and by what the source was compressed with">
        <QualityEditor view={tables.data.quality} busy={set.isPending} save={(quality) => save({ quality })} />
      </Section>
      <Section title="Opus bit rate by channels">
        <AudioEditor view={tables.data.audio} busy={set.isPending} save={(audio) => save({ audio })} />
      </Section>
    </div>
  );
}
