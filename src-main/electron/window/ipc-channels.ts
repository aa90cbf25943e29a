/** Where the page's calls arrive in the main process. */
export const DESKTOP_CHANNEL = 'desktop';
