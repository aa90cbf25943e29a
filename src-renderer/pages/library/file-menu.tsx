import { Menu } from '@mantine/core';
import { IconDotsVertical } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import type { FileView } from '../../../src-shared/file-view.ts';
import { tell, tellTrouble } from '../../store/calls.ts';
import { call } from '../../transport.ts';
import { nameOf, type State } from '../../words.ts';
import { runAction } from './actions.tsx';
import classes from './file-menu.module.css';

const RETRIABLE: State[] = ['failed', 'blocked', 'skipped'];
const ENDABLE: State[] = ['queued', 'running'];

function toTop(id: number): void {
  call('queue.move', { files: [id], before: null }).then(() => tell('It is the next one now.'), tellTrouble);
}

type Film = Pick<FileView, 'id' | 'state' | 'code' | 'path'>;

function Items({ film: { id, state, code } }: { film: Film }) {
  const files = [id];
  return (
    <>
      {state === 'queued' && <Menu.Item onClick={() => toTop(id)}>Move to the top of the queue</Menu.Item>}
      {RETRIABLE.includes(state) && (
        <Menu.Item onClick={() => runAction('retry', { files })}>
          {state === 'skipped' && code !== 'damaged' ? 'Convert it all the same' : 'Try again'}
        </Menu.Item>
      )}
      {state === 'done' && <Menu.Item onClick={() => runAction('reencode', { files })}>Re-encode</Menu.Item>}
      {ENDABLE.includes(state) && <Menu.Item onClick={() => runAction('cancel', { files })}>Cancel</Menu.Item>}
      {state !== 'done' && state !== 'skipped' && (
        <Menu.Item onClick={() => runAction('skip', { files })}>Skip from now on</Menu.Item>
      )}
      {state !== 'running' && (
        <>
          <Menu.Divider />
          <Menu.Item color="var(--fl-failed)" onClick={() => runAction('forget', { files })}>
            Remove from the list
          </Menu.Item>
        </>
      )}
    </>
  );
}

/** What can be done with one film, in a menu behind three dots; made only when opened, since there is one in every row. */
export function FileMenu({ file }: { file: Film }) {
  const [opened, setOpened] = useState(false);
  // A press outside the menu closes it, also one on the dots: the click that follows must not open it again.
  const wasOpen = useRef(false);
  return (
    <span className={classes.anchor}>
      <button
        type="button"
        className={classes.dots}
        aria-label={`Actions for ${nameOf(file.path)}`}
        aria-haspopup="menu"
        aria-expanded={opened}
        onPointerDown={() => {
          wasOpen.current = opened;
        }}
        onClick={() => {
          setOpened(!wasOpen.current);
          wasOpen.current = false;
        }}
      >
        <IconDotsVertical size={16} aria-hidden />
      </button>
      {opened && (
        <Menu opened onClose={() => setOpened(false)} position="bottom-end" returnFocus>
          <Menu.Target>
            <span className={classes.target} />
          </Menu.Target>
          <Menu.Dropdown>
            <Items film={file} />
          </Menu.Dropdown>
        </Menu>
      )}
    </span>
  );
}
