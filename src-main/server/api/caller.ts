import {
  type Actor,
  type Caller,
  type CallName,
  CONTRACT,
  type Handlers,
  USER,
} from '../../../src-shared/contract/index.ts';
import { Fault } from '../../../src-shared/util/errors.ts';

/** Returns a caller that acts for `actor`. It parses every input, including those from this process. */
export function makeCaller(handlers: Handlers, actor: Actor = USER): Caller {
  return async (name, input) => {
    const parsed = CONTRACT[name].input.safeParse(input);
    if (!parsed.success) throw new Fault('usage', `Invalid request for ${name}: ${firstIssue(parsed.error.issues)}.`);
    return (handlers[name] as (input: unknown, actor: Actor) => never)(parsed.data, actor);
  };
}

/** Returns true if `name` is a call that this kind of caller may make. */
export function mayCall(caller: Actor['kind'], name: unknown): name is CallName {
  if (typeof name !== 'string' || !Object.hasOwn(CONTRACT, name)) return false;
  const { access } = CONTRACT[name as CallName];
  return access === caller || access === 'public';
}

/** Returns the ID of the worker that makes a call. @throws Fault `denied` for any other caller */
export function workerOf(actor: Actor): string {
  if (actor.kind !== 'worker') throw new Fault('denied', 'Only workers can do that.');
  return actor.worker;
}

function firstIssue(issues: { path: PropertyKey[]; message: string }[]): string {
  const [issue] = issues;
  return `${issue?.path.map(String).join('.') || 'its input'}: ${issue?.message ?? 'invalid'}`;
}
