import { Command, CommanderError } from 'commander';
import { Fault, messageOf } from '../../src-shared/errors.ts';
import { VERSION } from '../version.ts';
import { backupCommand, restoreDbCommand } from './backup.ts';
import { convertCommand } from './convert.ts';
import { doctorCommand } from './doctor.ts';
import { filesCommand } from './files.ts';
import { forgetPasswordCommand } from './forget-password.ts';
import { healthCommand } from './health.ts';
import { inviteCommand } from './invite.ts';
import { logsCommand } from './logs.ts';
import { mastersCommand } from './masters.ts';
import { metricsTokenCommand } from './metrics-token.ts';
import { pairCommand } from './pair.ts';
import { planCommand } from './plan.ts';
import { printAside } from './print.ts';
import { serveCommand } from './serve.ts';
import { serviceCommand } from './service.ts';
import { restoreCommand, vaultCommand } from './vault.ts';
import { workerCommand } from './worker.ts';
import { workersCommand } from './workers.ts';

/** Exit codes: all well, something failed, the command was not right. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const COMMANDS = [
  convertCommand,
  planCommand,
  serveCommand,
  workerCommand,
  workersCommand,
  pairCommand,
  inviteCommand,
  mastersCommand,
  filesCommand,
  restoreCommand,
  vaultCommand,
  logsCommand,
  metricsTokenCommand,
  backupCommand,
  restoreDbCommand,
  doctorCommand,
  healthCommand,
  serviceCommand,
  forgetPasswordCommand,
];

const AFTER = `
Examples:
  flotilla plan "My film.mkv"               what would be done to each stream, and why
  flotilla convert ~/Videos --dry-run       what would happen to each film, and the sum
  flotilla convert ~/Videos --testing       convert, and keep every original until you purge it
  flotilla files --code damaged             films that were left alone because they are damaged
  flotilla serve                            scan and convert MEDIA_DIRS for good, with the interface
  flotilla serve --lead                     the same, with the help of other computers
  flotilla worker --master nas:8091         be one of them
  flotilla restore "My film.mkv"            take the original back

Exit status: 0 all done or skipped with a reason, 1 something failed, 2 the command was not right.`;

/**
 * Runs the command line.
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  let code: number = EXIT.ok;
  const finish = (result: number) => {
    code = result;
  };
  const program = new Command('flotilla')
    .description('Turns a media library into AV1 and Opus, and never loses a file.')
    .version(VERSION)
    .addHelpText('after', AFTER)
    .showHelpAfterError('(flotilla --help tells more)')
    .exitOverride();
  for (const command of COMMANDS) {
    program.addCommand(command(finish).copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof Fault) {
      printAside(`${error.message}`);
      return error.code === 'usage' ? EXIT.usage : EXIT.failed;
    }
    printAside(`Flotilla stopped at an unexpected error: ${messageOf(error)}`);
    if (process.env.FLOTILLA_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return EXIT.failed;
  }
}
