import { Code } from '@mantine/core';

/** Where those find the address to sign in with who don't see what `flotilla serve` prints, and how it is made anew. */
export function WherePrinted() {
  return (
    <>
      In Docker, <Code>docker logs</Code> with the name of the container shows it; for a systemd service,{' '}
      <Code>journalctl -u flotilla</Code> does. It works once. For a new one, restart Flotilla.
    </>
  );
}
