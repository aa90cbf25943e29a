import { Button, Checkbox, Group, List, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import type { FileAction, FileFilter, FileSelection, FileView } from '../../../src-shared/contract/file-view.ts';
import type { Output } from '../../../src-shared/contract/index.ts';
import { count, formatBytes } from '../../../src-shared/text/format.ts';
import { call } from '../../lib/transport.ts';
import { notify, notifyError } from '../../store/queries.ts';
import { reasonLabel } from '../reasons/skip-reasons.ts';
import { lossesOf } from './convert-anyway.tsx';
import { clearSelection, selectionFor, useSelection } from './selection.ts';

/** How many: `1 video`, `3 videos`. */
type Videos = string;
interface ActionText {
  /** On the button: `Skip 3 videos`. */
  ask: (videos: Videos) => string;
  /** What comes of it, before it is done. */
  effect: string;
  /** The same of one video, which is done without a question where this is missing. */
  effectOfOne?: string;
  done: (videos: Videos) => string;
  danger?: true;
  /** The action that undoes it. */
  undo?: 'retry';
}

const ACTION_TEXTS: Record<Exclude<FileAction, 'priority' | 'allComputers'>, ActionText> = {
  retry: {
    ask: (videos) => `Convert ${videos}`,
    effect: 'Adds these videos to the queue. Skipped ones are checked again.',
    done: (videos) => `${videos} added to the queue.`,
  },
  skip: {
    ask: (videos) => `Skip ${videos}`,
    effect: "Flotilla won't convert these videos. Running conversions are canceled.",
    done: (videos) => `${videos} skipped.`,
    undo: 'retry',
  },
  cancel: {
    ask: (videos) => `Remove ${videos} from the queue`,
    effect:
      'Removes these videos from the queue until you retry them. Running conversions are canceled; no files are changed.',
    done: (videos) => `${videos} removed from the queue.`,
    undo: 'retry',
  },
  reencode: {
    ask: (videos) => `Re-encode ${videos}`,
    effect: 'Restores the originals from the vault and re-encodes them with the current settings.',
    effectOfOne: 'Restores the original from the vault and re-encodes it with the current settings.',
    done: (videos) => `${videos} added to the queue again.`,
  },
  forget: {
    ask: (videos) => `Remove ${videos} from the list`,
    effect:
      "Removes these videos and their history from the list. Files on disk aren't deleted; the next scan adds them again.",
    effectOfOne:
      "Removes this video and its history from the list. The file on disk isn't deleted; the next scan adds it again.",
    done: (videos) => `${videos} removed from the list.`,
    danger: true,
  },
};

function notifyDone(text: string, selection: FileSelection, undo?: 'retry'): void {
  if (!undo || !('files' in selection)) {
    notify(text);
    return;
  }
  const id = notifications.show({
    message: (
      <Group justify="space-between" wrap="nowrap">
        {text}
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => {
            notifications.hide(id);
            runAction(undo, selection);
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}

/** Work that takes a moment shows that it is under way. */
async function withProgressNotice<T>(message: string, work: Promise<T>): Promise<T> {
  const id = notifications.show({ message, loading: true, autoClose: false, withCloseButton: false });
  try {
    return await work;
  } finally {
    notifications.hide(id);
  }
}

async function perform(
  action: keyof typeof ACTION_TEXTS,
  selection: FileSelection,
  videos: Videos,
  more: { override?: boolean },
): Promise<void> {
  const { ask, done, undo } = ACTION_TEXTS[action];
  const answer = await withProgressNotice(`${ask(videos)}…`, call(`file.${action}`, { ...selection, ...more }));
  if ('refused' in answer && answer.refused.length > 0) {
    modals.open({
      title: `Couldn't re-encode ${count(answer.refused.length, 'video')}`,
      children: (
        <List size="sm">
          {answer.refused.slice(0, 20).map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      ),
    });
  } else notifyDone(done(videos), selection, undo);
}

/** Offers to convert also what rules skip, and says what that costs. */
function OverrideChoice(props: {
  overridable: Output<'file.count'>['overridable'];
  onChange: (override: boolean) => void;
}) {
  const { overridable, onChange } = props;
  const reasons = overridable.map(({ code, count }) => `${reasonLabel(code)} (${count.toLocaleString('en')})`);
  return (
    <Checkbox
      label="Convert videos that a rule skips, too"
      description={`${reasons.join(', ')}. ${lossesOf(overridable.map(({ code }) => code)).join(' ')}`}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

/** Asks whether the one video of a selection is to be converted despite its rule, which would skip it again. */
function askToOverrideOne({ bytes, overridable }: Output<'file.count'>, convert: () => void): void {
  const codes = overridable.map(({ code }) => code);
  modals.openConfirmModal({
    title: `Convert 1 video (${formatBytes(bytes)}) anyway?`,
    children: (
      <Stack gap="sm">
        <Text>A rule skips this video: {codes.map(reasonLabel).join(', ')}.</Text>
        {lossesOf(codes).map((loss) => (
          <Text key={loss}>{loss}</Text>
        ))}
      </Stack>
    ),
    labels: { confirm: 'Convert anyway', cancel: 'Cancel' },
    onConfirm: convert,
  });
}

/** Does something to videos; to several, and where it cannot be undone, only after the user has seen how many and how large they are. */
export async function runAction(action: keyof typeof ACTION_TEXTS, selection: FileSelection): Promise<void> {
  const { ask, effect, effectOfOne, danger } = ACTION_TEXTS[action];
  try {
    const counted = await call('file.count', { action, selection });
    const videos = count(counted.count, 'video');
    if (counted.count === 0) {
      return notify(`This action isn't available for ${counted.of === 1 ? 'this video' : 'the selected videos'}.`);
    }
    const rest = counted.of - counted.count;
    let override = false;
    const go = () => {
      clearSelection();
      perform(action, selection, videos, override ? { override } : {}).catch(notifyError);
    };
    if (counted.count === 1 && counted.overridable.length > 0) {
      override = true;
      return askToOverrideOne(counted, go);
    }
    if (counted.count === 1 && !effectOfOne) return go();
    modals.openConfirmModal({
      title: `${ask(videos)} (${formatBytes(counted.bytes)})?`,
      children: (
        <Stack gap="sm">
          <Text>
            {(counted.count === 1 && effectOfOne) || effect}
            {rest > 0 &&
              ` ${rest.toLocaleString('en')} of the selected videos will be left out because this action isn't available for ${rest === 1 ? 'it' : 'them'}.`}
          </Text>
          {counted.overridable.length > 0 && (
            <OverrideChoice
              overridable={counted.overridable}
              onChange={(chosen) => {
                override = chosen;
              }}
            />
          )}
        </Stack>
      ),
      labels: { confirm: ask(videos), cancel: 'Cancel' },
      ...(danger && { confirmProps: { color: 'red' } }),
      onConfirm: go,
    });
  } catch (error) {
    notifyError(error);
  }
}

/** Changes the priority of videos in the queue; higher comes first. */
export async function setPriority(selection: FileSelection, priority: number): Promise<void> {
  try {
    const counted = await call('file.count', { action: 'priority', selection });
    await call('file.priority', { ...selection, priority });
    clearSelection();
    notify(`Priority of ${count(counted.count, 'video')} changed.`);
  } catch (error) {
    notifyError(error);
  }
}

/** Has computers help with a video before they begin another one, or no longer. */
export async function setAllComputers(file: number, on: boolean): Promise<void> {
  try {
    await call('file.allComputers', { files: [file], on });
    notify(on ? 'Computers help with this video before they begin another one.' : 'Computers return to the queue.');
  } catch (error) {
    notifyError(error);
  }
}

/** Skips the selected videos, or this one if none are selected. */
export function skipSelected(filter: FileFilter, file: FileView | undefined): void {
  const selection = useSelection.getState();
  if (selection.all || selection.ids.size > 0) runAction('skip', selectionFor(selection, filter));
  else if (file) runAction('skip', { files: [file.id] });
}
