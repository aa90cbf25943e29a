/** Raised when a call or event changes in a way that an older peer would misread. */
export const PROTOCOL = 1;
