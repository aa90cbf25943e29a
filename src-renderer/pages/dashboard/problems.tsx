import { Button } from '@mantine/core';
import { IconAlertTriangle, IconFileBroken, IconHandStop } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { FileFilter } from '../../../src-shared/contract/file-view.ts';
import type { Live } from '../../../src-shared/contract/index.ts';
import { count } from '../../../src-shared/text/format.ts';
import { libraryAddress } from '../../../src-shared/text/library-url.ts';
import { useAction } from '../../store/queries.ts';
import classes from './dashboard.module.css';

/** What counts as damaged, as in the summary. */
const DAMAGED: FileFilter = {
  state: ['skipped'],
  code: ['damaged', 'too-damaged', 'unreadable', 'empty'],
  missing: false,
};

type Problem = Live['problems'][number];

function NextStep({ problem }: { problem: Problem }) {
  const resumeQueue = useAction('queue.resume');
  const resumeLibrary = useAction('library.resume');
  if (problem.kind === 'queue') {
    return (
      <Button variant="default" loading={resumeQueue.isPending} onClick={() => resumeQueue.mutate({})}>
        Retry
      </Button>
    );
  }
  if (problem.kind === 'files' && problem.filter) {
    return (
      <Button variant="default" component={Link} href={libraryAddress(problem.filter)}>
        Show
      </Button>
    );
  }
  const { library } = problem;
  if (library === null) return null;
  if (problem.kind === 'held') {
    return (
      <Button component={Link} href={`/welcome?library=${library}`}>
        Preview
      </Button>
    );
  }
  return (
    <Button variant="default" loading={resumeLibrary.isPending} onClick={() => resumeLibrary.mutate({ library })}>
      Rescan and resume
    </Button>
  );
}

/**
 * What needs the user: why, and the one next step.
 * @param damaged how many videos are skipped because they can't be read as they should be
 */
export function Problems({ problems, damaged }: { problems: Problem[]; damaged: number }) {
  return (
    <ul className={classes.problems}>
      {problems.map((problem) => {
        const Icon = problem.kind === 'held' ? IconHandStop : IconAlertTriangle;
        return (
          <li key={problem.id} className={classes.problem}>
            <Icon size={20} stroke={1.75} aria-hidden />
            <span className={classes.why}>{problem.sentence}</span>
            <NextStep problem={problem} />
          </li>
        );
      })}
      {damaged > 0 && (
        <li className={classes.problem}>
          <IconFileBroken size={20} stroke={1.75} aria-hidden />
          <span className={classes.why}>
            {damaged === 1
              ? '1 video is damaged or unreadable, so it is skipped.'
              : `${count(damaged, 'video')} are damaged or unreadable, so they are skipped.`}
          </span>
          <Button variant="default" component={Link} href={libraryAddress(DAMAGED)}>
            Show
          </Button>
        </li>
      )}
    </ul>
  );
}
