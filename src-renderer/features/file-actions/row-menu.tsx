import { Menu } from '@mantine/core';
import { IconDotsVertical } from '@tabler/icons-react';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import classes from './row-menu.module.css';

/** True for the keys that open a context menu: the menu key, and Shift+F10 on keyboards without one. */
export const isMenuKey = ({ key, shiftKey }: KeyboardEvent): boolean =>
  key === 'ContextMenu' || (key === 'F10' && shiftKey);

/** Opens the menu of the row with this element ID. */
export function openRowMenu(row: string): void {
  const dots = document.getElementById(row)?.querySelector<HTMLButtonElement>('button[aria-haspopup="menu"]');
  // After the key event, which would close a menu that is open before it reaches the document.
  setTimeout(() => dots?.click());
}

/** A menu behind three dots; its items are rendered only while it is open, since there is one in every row. */
export function RowMenu({ name, children }: { name: string; children: ReactNode }) {
  const [opened, setOpened] = useState(false);
  // A press outside the menu closes it, also one on the dots: the click that follows must not open it again.
  const wasOpen = useRef(false);
  const dots = useRef<HTMLButtonElement>(null);
  /** What had the focus, which gets it back: the menu's own target can't be focused. */
  const opener = useRef<Element | null>(null);
  const close = () => {
    setOpened(false);
    if (!document.activeElement?.closest('[role="menu"]')) return;
    const target = opener.current instanceof HTMLElement && opener.current.isConnected ? opener.current : dots.current;
    target?.focus({ preventScroll: true });
  };
  return (
    <span className={classes.anchor}>
      <button
        ref={dots}
        type="button"
        className={classes.dots}
        aria-label={`Actions for ${name}`}
        aria-haspopup="menu"
        aria-expanded={opened}
        onPointerDown={() => {
          wasOpen.current = opened;
        }}
        onClick={() => {
          opener.current = document.activeElement?.closest('[role="grid"], [role="treegrid"], button') ?? null;
          setOpened(!wasOpen.current);
          wasOpen.current = false;
        }}
      >
        <IconDotsVertical size={16} aria-hidden />
      </button>
      {opened && (
        <Menu opened onClose={close} position="bottom-end" returnFocus={false}>
          <Menu.Target>
            <span className={classes.target} />
          </Menu.Target>
          <Menu.Dropdown>{children}</Menu.Dropdown>
        </Menu>
      )}
    </span>
  );
}
