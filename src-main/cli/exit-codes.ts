/** Exit codes: all well, something failed, the command was not right. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
