import { EXIT } from './exit-codes.ts';

/**
 * Listens for SIGINT and SIGTERM. A second signal ends the process at once, which loses nothing either.
 * @returns `asked`, which resolves at the first, and how to stop listening
 */
export function listenForEnd(): { asked: Promise<'asked'>; release: () => void } {
  const first = Promise.withResolvers<'asked'>();
  let before = false;
  const onSignal = () => {
    if (before) process.exit(EXIT.interrupted);
    before = true;
    first.resolve('asked');
  };
  // Never `once`: execa has listeners of its own, which kill the process by the same signal when they are the only ones.
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return { asked: first.promise, release: () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal) };
}
