import { Button, Group, List, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import type { FileAction, FileFilter, FileSelection, FileView } from '../../../src-shared/file-view.ts';
import { count, formatBytes } from '../../../src-shared/format.ts';
import { tell, tellTrouble } from '../../store/calls.ts';
import { call } from '../../transport.ts';
import { clearSelection, selectionFor, useSelection } from './selection.ts';

type Films = string;
interface Words {
  /** On the button: `Skip 3 films`. */
  verb: string;
  /** What comes of it, before it is done. */
  effect: string;
  done: (films: Films) => string;
  /** Asked even for one film. */
  always?: true;
  danger?: true;
  /** What takes it back. */
  undo?: 'retry';
}

const WORDS: Record<Exclude<FileAction, 'priority'>, Words> = {
  retry: {
    verb: 'Convert',
    effect: 'They go into the queue again, whatever became of them before.',
    done: (films) => `${films} put into the queue.`,
  },
  skip: {
    verb: 'Skip',
    effect: 'They stay as they are from now on. What is being converted of them is ended.',
    done: (films) => `${films} skipped.`,
    undo: 'retry',
  },
  cancel: {
    verb: 'Cancel',
    effect: 'They leave the queue until you retry them. What is being converted of them is ended; no file changes.',
    done: (films) => `${films} taken out of the queue.`,
    undo: 'retry',
  },
  reencode: {
    verb: 'Re-encode',
    effect: 'Their originals are taken out of the vault, and converted again with the present settings.',
    done: (films) => `${films} put into the queue again.`,
    always: true,
  },
  forget: {
    verb: 'Remove',
    effect:
      'They leave the list with their history. No file is touched, and a film that is still on the disk is found again by the next scan.',
    done: (films) => `${films} removed from the list.`,
    always: true,
    danger: true,
  },
};

function tellDone(text: string, selection: FileSelection, undo?: 'retry'): void {
  if (!undo || !('files' in selection)) {
    tell(text);
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
    autoClose: 8000,
  });
}

/** Work that takes a moment shows that it is under way. */
async function underWay<T>(message: string, work: Promise<T>): Promise<T> {
  const id = notifications.show({ message, loading: true, autoClose: false, withCloseButton: false });
  try {
    return await work;
  } finally {
    notifications.hide(id);
  }
}

async function perform(action: keyof typeof WORDS, selection: FileSelection, films: Films): Promise<void> {
  const { verb, done, undo } = WORDS[action];
  const answer = await underWay(`${verb}: ${films}.`, call(`file.${action}`, selection));
  if ('refused' in answer && answer.refused.length > 0) {
    modals.open({
      title: `${count(answer.refused.length, 'film')} could not be re-encoded`,
      children: (
        <List size="sm">
          {answer.refused.slice(0, 20).map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      ),
    });
  } else tellDone(done(films), selection, undo);
}

/** Does something to films; many, and what cannot be taken back, only after the user has seen how many and how large they are. */
export async function runAction(action: keyof typeof WORDS, selection: FileSelection): Promise<void> {
  const { verb, effect, always, danger } = WORDS[action];
  try {
    const counted = await call('file.count', { action, selection });
    const films = count(counted.count, 'film');
    if (counted.count === 0) {
      return tell(
        counted.of === 1 ? `This film is in no state to do that.` : 'None of these films is in a state to do that.',
      );
    }
    const rest = counted.of - counted.count;
    const go = () => {
      clearSelection();
      perform(action, selection, films).catch(tellTrouble);
    };
    if (counted.count === 1 && !always) return go();
    modals.openConfirmModal({
      title: `${verb} ${films}, ${formatBytes(counted.bytes)}?`,
      children: (
        <Text>
          {effect}
          {rest > 0 && ` Of your selection, ${count(rest, 'film')} will be left out: they are in no state to do that.`}
        </Text>
      ),
      labels: { confirm: `${verb} ${films}`, cancel: 'Leave it' },
      ...(danger && { confirmProps: { color: 'red' } }),
      onConfirm: go,
    });
  } catch (error) {
    tellTrouble(error);
  }
}

/** Gives films another place in the queue; higher comes first. */
export async function setPriority(selection: FileSelection, priority: number): Promise<void> {
  try {
    const counted = await call('file.count', { action: 'priority', selection });
    await call('file.priority', { ...selection, priority });
    clearSelection();
    tell(`Priority of ${count(counted.count, 'film')} changed.`);
  } catch (error) {
    tellTrouble(error);
  }
}

/** Skips what is selected, or the one film where nothing is. */
export function skipSelected(filter: FileFilter, file: FileView | undefined): void {
  const selection = useSelection.getState();
  if (selection.all || selection.ids.size > 0) runAction('skip', selectionFor(selection, filter));
  else if (file) runAction('skip', { files: [file.id] });
}
