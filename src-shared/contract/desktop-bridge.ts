import { z } from 'zod';

/**
 * Whether there is a newer version:
 * - `none`: not that is known
 * - `available`, `downloading`: on its way
 * - `ready`: it is put in place when the program ends, or when the user says so
 */
export const UpdateState = z.object({
  state: z.enum(['none', 'available', 'downloading', 'ready']),
  version: z.string().nullable(),
  /** Installing asks for a password, as a .deb does: it is put in place only when the user says so. */
  asks: z.boolean(),
});
export type UpdateState = z.infer<typeof UpdateState>;

const none = z.undefined();

/** Functions of the desktop program for its page, by the name that both sides use: each input is parsed where it arrives. */
export const DESKTOP_CALLS = {
  /** Shows a video, by its number, in the system's file manager. */
  showInFolder: { input: z.int().positive(), output: none },
  /** Asks for a folder with the system's own dialog; null when none was chosen. */
  chooseFolder: { input: none, output: z.string().nullable() },
  /** Whether Flotilla starts with the session of its user; null if this system doesn't say. */
  getLoginItem: { input: none, output: z.boolean().nullable() },
  setLoginItem: { input: z.boolean(), output: none },
  getUpdate: { input: none, output: UpdateState },
  /** Ends the program as a quit does, with its question, and starts the newer version. */
  installUpdate: { input: none, output: none },
};
export type DesktopCalls = typeof DESKTOP_CALLS;
export type DesktopCall = keyof DesktopCalls;

/** The desktop program as its page sees it: `window.desktop`. */
export type Desktop = {
  version: string;
  platform: string;
  /** The path of a file or folder that was dropped on the page; '' where it has none. */
  pathOf: (dropped: object) => string;
} & {
  [C in DesktopCall]: (
    ...input: z.input<DesktopCalls[C]['input']> extends undefined ? [] : [z.input<DesktopCalls[C]['input']>]
  ) => Promise<z.output<DesktopCalls[C]['output']>>;
};
