import { create } from 'zustand';
import { persist } from 'zustand/middleware';

interface SavedView {
  name: string;
  /** The library's address after the question mark. */
  query: string;
}

interface Preferences {
  /** Columns of the library that the user showed or hid; the others keep their standard. */
  columns: Record<string, boolean>;
  /** Widths of columns that the user changed, in pixels. */
  widths: Record<string, number>;
  views: SavedView[];
}

/** What this browser remembers of its user. */
export const usePreferences = create<Preferences>()(
  persist(() => ({ columns: {}, widths: {}, views: [] }) as Preferences, { name: 'flotilla-preferences' }),
);

/** Keeps a view of the library under a name; one of the same name makes way. */
export function saveView(name: string, query: string): void {
  usePreferences.setState(({ views }) => ({
    views: [...views.filter((view) => view.name !== name), { name, query }].sort((a, b) =>
      a.name.localeCompare(b.name),
    ),
  }));
}

/** Remembers the width of a column in pixels; null forgets it. */
export function setColumnWidth(id: string, width: number | null): void {
  usePreferences.setState(({ widths: { [id]: _, ...rest } }) => ({
    widths: width === null ? rest : { ...rest, [id]: width },
  }));
}

export function removeView(name: string): void {
  usePreferences.setState(({ views }) => ({ views: views.filter((view) => view.name !== name) }));
}
