/** What the desktop program offers its page. */
interface Desktop {
  version: string;
}

declare global {
  interface Window {
    desktop?: Desktop;
  }
}

/** The desktop program around this page; undefined in a browser. */
export const desktop: Desktop | undefined = window.desktop;
