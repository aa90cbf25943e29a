import { Menu, Text } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { nameOf, type State } from '../../lib/labels.ts';
import { call } from '../../lib/transport.ts';
import { useLive } from '../../store/live.ts';
import { notify, notifyError, useCall } from '../../store/queries.ts';
import { runAction, setAllComputers } from './actions.tsx';
import { confirmConvertAnyway } from './convert-anyway.tsx';
import { RowMenu } from './row-menu.tsx';

const RETRIABLE: State[] = ['failed', 'blocked'];
const ENDABLE: State[] = ['queued', 'running'];
/** Codes of videos that no rule keeps from being converted, only their user's word. */
const BY_USER = new Set(['user', 'restored']);

type Video = Pick<FileView, 'id' | 'state' | 'code' | 'path' | 'reason' | 'allComputers'> &
  Partial<Pick<FileView, 'missing'>>;

/** True for a video that is skipped because its user said so. */
export const isSkippedByUser = ({ state, code }: Pick<Video, 'state' | 'code'>): boolean =>
  state === 'skipped' && BY_USER.has(code ?? '');

function toTop(id: number): void {
  call('queue.move', { files: [id], before: null }).then(() => notify('Moved to the top of the queue.'), notifyError);
}

/** An action whose name doesn't say enough, and under it what comes of it. */
function ExplainedItem(props: { effect: string; color?: string; onClick: () => void; children: ReactNode }) {
  const { effect, children, ...item } = props;
  const id = useId();
  return (
    <Menu.Item {...item} aria-labelledby={`${id}-name`} aria-describedby={`${id}-effect`}>
      <div id={`${id}-name`}>{children}</div>
      <Text id={`${id}-effect`} size="xs" c="dimmed" maw={240}>
        {effect}
      </Text>
    </Menu.Item>
  );
}

/** What only some skipped or done videos allow: asked of the master, so that nothing is offered that it would refuse. */
function AskedItems({ video }: { video: Video }) {
  const { data } = useCall('file.get', { file: video.id });
  const files = [video.id];
  if (!data) {
    return (
      <Menu.Item disabled aria-busy>
        Loading…
      </Menu.Item>
    );
  }
  const { override, original } = data;
  if (video.state === 'done')
    return (
      <Menu.Item disabled={!original} onClick={() => runAction('reencode', { files })}>
        {original ? 'Re-encode' : 'Re-encode (original purged)'}
      </Menu.Item>
    );
  if (override) return <Menu.Item onClick={() => confirmConvertAnyway(video, override)}>Convert anyway…</Menu.Item>;
  return <Menu.Item onClick={() => runAction('retry', { files })}>Check again</Menu.Item>;
}

function Items({ video }: { video: Video }) {
  const { id, state, missing, allComputers } = video;
  const files = [id];
  const hasOthers = useLive((live) => (live.summary?.workers.length ?? 0) > 1);
  return (
    <>
      {ENDABLE.includes(state) && (hasOthers || allComputers) && (
        <Menu.Item onClick={() => setAllComputers(id, !allComputers)}>
          {allComputers ? 'Stop using all computers' : 'All computers on this one'}
        </Menu.Item>
      )}
      {state === 'queued' && <Menu.Item onClick={() => toTop(id)}>Move to top of queue</Menu.Item>}
      {RETRIABLE.includes(state) && <Menu.Item onClick={() => runAction('retry', { files })}>Retry</Menu.Item>}
      {isSkippedByUser(video) && <Menu.Item onClick={() => runAction('retry', { files })}>Convert</Menu.Item>}
      {(state === 'done' || (state === 'skipped' && !isSkippedByUser(video))) && <AskedItems video={video} />}
      {ENDABLE.includes(state) && (
        <ExplainedItem
          effect={
            state === 'running'
              ? "Stops it. The file isn't changed, and you can convert it later."
              : 'You can convert it later.'
          }
          onClick={() => runAction('cancel', { files })}
        >
          {state === 'running' ? 'Cancel conversion' : 'Remove from queue'}
        </ExplainedItem>
      )}
      {state !== 'done' && state !== 'skipped' && (
        <ExplainedItem
          effect={`${state === 'running' ? 'Stops it. ' : ''}Flotilla won't convert this video.`}
          onClick={() => runAction('skip', { files })}
        >
          Always skip
        </ExplainedItem>
      )}
      {state !== 'running' && (
        <>
          <Menu.Divider />
          <ExplainedItem
            effect={
              missing ? 'Deletes its history.' : 'Deletes its history, not the file. The next scan adds it again.'
            }
            color="var(--fl-failed)"
            onClick={() => runAction('forget', { files })}
          >
            Remove from list
          </ExplainedItem>
        </>
      )}
    </>
  );
}

/** The actions for one video, in a menu behind three dots. */
export function FileMenu({ file }: { file: Video }) {
  return (
    <RowMenu name={nameOf(file.path)}>
      <Items video={file} />
    </RowMenu>
  );
}
