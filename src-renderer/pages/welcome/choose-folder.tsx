import { ActionIcon, Button, Group, Stack, Text } from '@mantine/core';
import { IconFolder, IconX } from '@tabler/icons-react';
import { type DragEvent, type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { count } from '../../../src-shared/text/format.ts';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { FolderPicker } from '../../features/folders/folder-picker.tsx';
import { desktop } from '../../lib/desktop-bridge.ts';
import { useLive } from '../../store/live.ts';
import { useAction, useCall } from '../../store/queries.ts';
import { startScan } from './started-scans.ts';
import { Steps } from './steps.tsx';
import classes from './welcome.module.css';

/** The folders that were dropped, by their paths on this computer, which only the desktop app knows. */
const droppedPaths = (event: DragEvent) => [...event.dataTransfer.files].flatMap((file) => desktop?.pathOf(file) || []);

/** Takes folders that are dropped on it, in the desktop app; in browsers, which hide where a folder is, it is only a frame. */
function DropZone({ onPaths, children }: { onPaths: (paths: string[]) => void; children: ReactNode }) {
  const [over, setOver] = useState(false);
  return (
    <Stack
      className={classes.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (!desktop) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) setOver(false);
      }}
      onDrop={(event) => {
        if (!desktop) return;
        event.preventDefault();
        setOver(false);
        onPaths(droppedPaths(event));
      }}
    >
      {children}
    </Stack>
  );
}

function Chosen({ folders, remove }: { folders: readonly string[]; remove: (folder: string) => void }) {
  return (
    <ul className={classes.chosen} aria-label="Chosen folders">
      {folders.map((folder) => (
        <li key={folder}>
          <IconFolder size={20} stroke={1.75} aria-hidden />
          <Text flex={1} style={{ overflowWrap: 'anywhere' }}>
            {folder}
          </Text>
          <ActionIcon aria-label={`Remove ${folder}`} onClick={() => remove(folder)}>
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}

/** The folders of the libraries. They are only scanned: nothing is converted before the user approves it on the next page. */
export function ChooseFolder() {
  const [, navigate] = useLocation();
  const add = useAction('library.add', ['library.list']);
  const libraries = useLive((live) => live.summary?.libraries);
  const settings = useCall('settings.get', {});
  const setup = useCall('setup.get', {});
  const set = useAction('settings.set', ['settings.get']);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const collect = (folders: readonly string[]) => setChosen([...new Set([...chosen, ...folders])]);
  const use = async (folders: readonly string[]) => {
    try {
      // A new user's first videos stay restorable, unless the setting was chosen.
      if (libraries?.length === 0 && settings.data?.sources.testingMode === 'default') {
        await set.mutateAsync({ values: { testingMode: true } });
      }
      const added = new Set<number>();
      for (const path of new Set(folders)) {
        const { library } = await add.mutateAsync({ path, watched: true, hold: true });
        added.add(library.id);
      }
      for (const library of added) startScan(library);
      navigate(`/welcome?library=${[...added].join(',')}`);
    } catch {
      // The action shows the error.
    }
  };
  return (
    <>
      <PageHead
        title="Where are your videos?"
        sentence={`Choose one or more folders${desktop ? ', or drop them here' : ''}. Flotilla only analyzes them first; nothing changes yet.`}
        actions={
          setup.data?.complete && (
            <Button variant="default" component={Link} href="/settings/libraries">
              Cancel
            </Button>
          )
        }
      />
      <PageBody form>
        <Steps current="folders" />
        <DropZone onPaths={collect}>
          <FolderPicker
            choose={(path) => use([...chosen, path])}
            collect={(path) => collect([path])}
            busy={add.isPending}
          />
          {chosen.length > 0 && (
            <Section title="Chosen folders">
              <Chosen folders={chosen} remove={(folder) => setChosen(chosen.filter((one) => one !== folder))} />
              <Group justify="flex-end" mt="sm">
                <Button loading={add.isPending} onClick={() => use(chosen)}>
                  Continue with {count(chosen.length, 'folder')}
                </Button>
              </Group>
            </Section>
          )}
        </DropZone>
      </PageBody>
    </>
  );
}
