import { Button } from '@mantine/core';
import { IconAlertTriangle, IconHandStop } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { Live } from '../../../src-shared/contract.ts';
import { libraryAddress } from '../../../src-shared/library-address.ts';
import { useAction } from '../../store/calls.ts';
import classes from './dashboard.module.css';

type Problem = Live['problems'][number];

function NextStep({ problem }: { problem: Problem }) {
  const resumeQueue = useAction('queue.resume');
  const resumeLibrary = useAction('library.resume');
  if (problem.kind === 'queue') {
    return (
      <Button variant="default" loading={resumeQueue.isPending} onClick={() => resumeQueue.mutate({})}>
        Try again
      </Button>
    );
  }
  if (problem.kind === 'files' && problem.filter) {
    return (
      <Button variant="default" component={Link} href={libraryAddress(problem.filter)}>
        Look at {problem.count === 1 ? 'it' : 'them'}
      </Button>
    );
  }
  const { library } = problem;
  if (library === null) return null;
  if (problem.kind === 'held') {
    return (
      <Button component={Link} href={`/welcome?library=${library}`}>
        See what it would bring
      </Button>
    );
  }
  return (
    <Button variant="default" loading={resumeLibrary.isPending} onClick={() => resumeLibrary.mutate({ library })}>
      Look again and go on
    </Button>
  );
}

/** What does not go on without the user: why, and the one next step. */
export function Problems({ problems }: { problems: Problem[] }) {
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
    </ul>
  );
}
