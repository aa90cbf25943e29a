import { Button, Loader } from '@mantine/core';
import { IconArrowsHorizontal } from '@tabler/icons-react';
import { type CSSProperties, type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { WORST } from '../../../src-shared/media/preview-positions.ts';
import classes from './compare.module.css';
import type { Pictures, Side } from './pictures.ts';

/** How large pictures are shown: as they fit, or this many pixels of the screen for each pixel of the video. */
export type Zoom = 'fit' | 1 | 4;
/** How the two are compared: with a divider, one at a time, or by what differs. */
export type Mode = 'divider' | 'source' | 'result' | 'difference';

/** A label of a side makes way for the divider nearer than this, in percent of the width. */
const NEAR = 24;

interface Props {
  pictures: Pictures;
  mode: Mode;
  zoom: Zoom;
  /** Width by height of the video; null where it is not known. */
  ratio: number | null;
  labels: Record<Side, string>;
  /** Nothing, not even the place of a label, may show which side is in view. */
  blind: boolean;
  children?: ReactNode;
}

/** Both pictures over one another, with a divider that is dragged or moved by keys; larger ones are dragged about. */
export function Stage({ pictures, mode, zoom, ratio, labels, blind, children }: Props) {
  const [divide, setDivide] = useState(50);
  const [widths, setWidths] = useState<Record<string, number>>({});
  const frame = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const { shown, pairs, loading, failed } = pictures;
  const at = mode === 'divider' ? divide : mode === 'source' ? 100 : 0;
  const pixels = shown && zoom !== 'fit' ? ((widths[shown.key] ?? 0) * zoom) / devicePixelRatio : 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a zoom change centers the picture
  useEffect(() => {
    const view = scroller.current;
    if (!view) return;
    view.scrollLeft = (view.scrollWidth - view.clientWidth) / 2;
    view.scrollTop = (view.scrollHeight - view.clientHeight) / 2;
  }, [pixels]);

  const drag = (event: PointerEvent<HTMLElement>) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box || !event.buttons) return;
    const onHandle = (event.target as Element).closest('[data-handle]');
    if (mode === 'divider' && (zoom === 'fit' || onHandle)) {
      setDivide(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width)));
    } else if (zoom !== 'fit' && event.pointerType === 'mouse') {
      // Fingers scroll it already.
      scroller.current?.scrollBy(-event.movementX, -event.movementY);
    }
  };
  const style = { '--divide': at, ...(ratio && { '--ratio': ratio }) } as CSSProperties;
  return (
    <div
      ref={frame}
      className={classes.frame}
      style={style}
      data-mode={mode}
      data-zoom={zoom === 'fit' ? undefined : zoom}
      onPointerDown={(event) => {
        if (event.target instanceof HTMLButtonElement) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={drag}
    >
      <div
        ref={scroller}
        className={classes.scroller}
        tabIndex={zoom === 'fit' ? undefined : 0}
        onScroll={followScroll}
      >
        <div className={classes.stage} style={pixels > 0 ? { width: pixels } : undefined}>
          {pairs.flatMap((pair) =>
            (['source', 'result'] as const).map((side) => (
              <img
                key={`${side} ${pair.key}`}
                className={classes.picture}
                data-side={side}
                hidden={pair.key !== shown?.key}
                src={pair[side]}
                alt={`${side === 'source' ? 'Source' : 'Result'}, ${pair.position === WORST ? 'weakest scene' : `position ${pair.position + 1}`}`}
                draggable={false}
                onLoad={({ currentTarget: { naturalWidth } }) => {
                  setWidths((before) => ({ ...before, [pair.key]: Math.max(before[pair.key] ?? 0, naturalWidth) }));
                  pictures.arrived(pair.key, side);
                }}
                onError={() => pictures.broke(pair.key)}
              />
            )),
          )}
        </div>
      </div>
      {mode === 'divider' && !failed && (
        <>
          <input
            type="range"
            className={classes.range}
            aria-label="Divider between source and result"
            min={0}
            max={100}
            value={Math.round(divide)}
            onChange={(event) => setDivide(Number(event.currentTarget.value))}
          />
          <span className={classes.divider} data-handle>
            <IconArrowsHorizontal size={18} aria-hidden />
          </span>
        </>
      )}
      {mode !== 'difference' && at > NEAR && (
        <span className={classes.tag} data-side="source">
          {labels.source}
        </span>
      )}
      {mode !== 'difference' && at < 100 - NEAR && (
        <span className={classes.tag} data-side={blind ? 'source' : 'result'}>
          {labels.result}
        </span>
      )}
      {mode === 'difference' && (
        <span className={classes.tag} data-side="source">
          Difference, 8 times as bright
        </span>
      )}
      {loading && (
        <div className={classes.busy} role="status" aria-label="Loading pictures">
          <Loader size="sm" color="white" />
        </div>
      )}
      {failed && (
        <div className={classes.missing}>
          <span>Couldn't make this picture. Try another position.</span>
          <Button variant="white" size="xs" onClick={pictures.retry}>
            Retry
          </Button>
        </div>
      )}
      {children}
    </div>
  );
}

/** The divider stays where it is while larger pictures move below it. */
function followScroll({ currentTarget }: { currentTarget: HTMLElement }): void {
  currentTarget.style.setProperty('--scrolled', `${currentTarget.scrollLeft}px`);
}
