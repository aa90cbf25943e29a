import { z } from 'zod';

/** Who may make a call: anyone, a user of this Flotilla, one of its workers, or a computer that wants to become one. */
export type Access = 'public' | 'user' | 'worker' | 'stranger';

/** Specification of a call. */
export interface CallSpec<I extends z.ZodType, O extends z.ZodType> {
  access: Access;
  /** True when it changes nothing, so that REST offers it as GET too. */
  reads: boolean;
  help: string;
  input: I;
  output: O;
}

const call =
  (reads: boolean) =>
  <I extends z.ZodType, O extends z.ZodType>(access: Access, help: string, input: I, output: O): CallSpec<I, O> => ({
    access,
    reads,
    help,
    input,
    output,
  });
/** A call that changes nothing. */
export const reading = call(true);
/** A call that changes something. */
export const changing = call(false);

/** The number of a row: a library, a file, a job, a token. */
export const id = z.int().positive();
/** A call that takes nothing. */
export const none = z.strictObject({});
/** Words that all have to be in the path, in any order and case. */
export const search = z.string().max(200).optional();
/** A call that answers nothing but that it is done. */
export const done = z.object({});
