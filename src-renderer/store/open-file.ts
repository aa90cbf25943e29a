import { useCallback } from 'react';
import { useSearchParams } from 'wouter';
import { create } from 'zustand';

/** The video whose drawer is open, from the address. */
export function useOpenedFile(): number | null {
  const [params] = useSearchParams();
  const id = Number(params.get('file'));
  return Number.isInteger(id) && id > 0 ? id : null;
}

/** What had the focus when the drawer was opened, which gets it back. */
let opener: Element | null = null;

/** Gives the focus back to what opened the drawer, or to the page where that is gone. */
export function focusOpener(): void {
  const target = opener?.isConnected && opener !== document.body ? opener : document.getElementById('page');
  opener = null;
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

/** Opens the drawer of a video over the page that is shown; null closes it. */
export function useOpenFile(): (id: number | null) => void {
  const [, setParams] = useSearchParams();
  return useCallback(
    (id) => {
      if (id !== null && !document.activeElement?.closest('[role="dialog"]')) opener = document.activeElement;
      setParams((now) => {
        const params = new URLSearchParams(now);
        if (id === null) params.delete('file');
        else params.set('file', String(id));
        return params;
      });
    },
    [setParams],
  );
}

/** The list that the open video is part of. */
interface Neighbors {
  /** The video, its place in the list, and how many that has. */
  file: number;
  index: number;
  total: number;
  /** Opens the video at another place of the list. */
  open: (index: number) => void;
}

/** Where the open video stands in the list that it was opened from; null where that is no list. */
export const useNeighbors = create<{ list: Neighbors | null }>(() => ({ list: null }));
