/** What changes something through the cookie of a session has to carry this header, which pages of other origins cannot set. */
export const CSRF_HEADER = 'x-flotilla';
