import { useEffect } from 'react';
import attention from '../lib/tab-icons/attention.svg?no-inline';
import paused from '../lib/tab-icons/paused.svg?no-inline';
import working from '../lib/tab-icons/working.svg?no-inline';
import { useLive } from './live.ts';
import { tabStatus } from './tab-state.ts';

const ICONS = { working, paused, attention };

/** What stands before a page's title: `Paused, 42% · `. */
export function useTitlePrefix(): string {
  const state = useLive((live) => tabStatus(live.summary).state);
  const percent = useLive((live) => tabStatus(live.summary).percent);
  const words = [state === 'paused' && 'Paused', percent !== null && `${percent}%`].filter(Boolean).join(', ');
  return words && `${words} · `;
}

/** Keeps the tab's icon in step with the queue. */
export function useTabIcon(): void {
  const state = useLive((live) => tabStatus(live.summary).state);
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!link) return;
    link.dataset.idle ??= link.href;
    link.href = state === 'idle' ? link.dataset.idle : ICONS[state];
    link.dataset.state = state;
  }, [state]);
}
