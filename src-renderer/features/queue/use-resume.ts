import { useAction } from '../../store/queries.ts';

/** Resumes the queue; pending until the page shows it as resumed. */
export const useResume = () => useAction('queue.resume', [], ({ paused }) => paused === null);
