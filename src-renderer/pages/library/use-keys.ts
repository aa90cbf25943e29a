import type { KeyboardEvent, MouseEvent } from 'react';
import { useCallback, useRef } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { skipSelected } from '../../features/file-actions/actions.tsx';
import { isMenuKey, openRowMenu } from '../../features/file-actions/row-menu.tsx';
import { add, clearSelection, selectAll, toggle, useSelection } from '../../features/file-actions/selection.ts';
import { notifyError } from '../../store/queries.ts';
import { idsBetween } from './use-rows.ts';
import type { View } from './view.ts';

interface Parts {
  view: View;
  total: number;
  active: number;
  setActive: (index: number) => void;
  fileAt: (index: number) => FileView | undefined;
  openFile: (id: number) => void;
}

/** Rows of a page up or down. */
const LEAP = 12;

function selectRange(view: View, from: number, to: number): void {
  idsBetween(view, from, to).then(add, notifyError);
}

/** What keys and clicks on the rows do: move, select one, several or a range, open. */
export function useKeys(parts: Parts) {
  const now = useRef(parts);
  now.current = parts;

  const onActivate = useCallback((index: number, event: MouseEvent) => {
    const { view, setActive, fileAt, openFile } = now.current;
    const file = fileAt(index);
    if (!file) return;
    setActive(index);
    if (event.shiftKey) selectRange(view, useSelection.getState().anchor, index);
    else if (event.ctrlKey || event.metaKey) toggle(file.id, index);
    else openFile(file.id);
  }, []);

  /** A row's box was ticked; with Shift, all from the last one that was. */
  const onTick = useCallback((index: number, range: boolean) => {
    const { view, setActive, fileAt } = now.current;
    const file = fileAt(index);
    if (!file) return;
    setActive(index);
    if (range) selectRange(view, useSelection.getState().anchor, index);
    else toggle(file.id, index);
  }, []);

  const onKeyDown = useCallback((event: KeyboardEvent) => {
    const { view, total, active, setActive, fileAt, openFile } = now.current;
    if (event.target !== event.currentTarget) return;
    const file = fileAt(active);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: LEAP, PageUp: -LEAP, Home: -total, End: total }[event.key];
    if (step !== undefined) {
      const next = Math.min(Math.max(active + step, 0), Math.max(total - 1, 0));
      if (event.shiftKey) selectRange(view, active, next);
      setActive(next);
    } else if (event.key === ' ' && file) toggle(file.id, active);
    else if (event.key === 'Enter' && file) openFile(file.id);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) selectAll();
    else if (event.key === 'Escape') clearSelection();
    else if (event.key === 'Delete') skipSelected(view.filter, file);
    else if (isMenuKey(event) && file) openRowMenu(`row-${file.id}`);
    else return;
    event.preventDefault();
  }, []);

  return { onKeyDown, onActivate, onTick };
}
