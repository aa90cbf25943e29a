import { Command, CommanderError } from 'commander';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';
import { VERSION } from '../platform/version.ts';
import { backupCommand, restoreDbCommand } from './backup.ts';
import { chunksCommand } from './chunks.ts';
import { convertCommand } from './convert.ts';
import { doctorCommand } from './doctor.ts';
import { EXIT } from './exit-codes.ts';
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
  chunksCommand,
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
  flotilla plan "My video.mkv"              what would be done to each stream, and why
  flotilla convert ~/Videos --dry-run       what would happen to each video, and the total
  flotilla convert ~/Videos --testing       convert, and keep every original until you purge it
  flotilla files --code damaged             videos that were skipped because they are damaged
  flotilla serve                            keep converting MEDIA_DIRS, with the web interface
  flotilla serve --lead                     the same, and accept workers from the network
  flotilla worker --master nas:8091         run as a worker
  flotilla restore "My video.mkv"           restore the original

Exit status: 0 all done or skipped with a reason, 1 something failed, 2 invalid usage.`;

/** Makes the command line. @param finish receives the exit code of a command that is neither 0 nor an error */
export function makeProgram(finish: (code: number) => void): Command {
  const program = new Command('flotilla')
    .description('Turns a media library into AV1 and Opus, and never loses a file.')
    .version(VERSION)
    .addHelpText('after', AFTER)
    .showHelpAfterError('(see flotilla --help)')
    .exitOverride();
  for (const command of COMMANDS) {
    program.addCommand(command(finish).copyInheritedSettings(program));
  }
  return program;
}

/**
 * Runs the command line.
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  let code: number = EXIT.ok;
  try {
    await makeProgram((result) => {
      code = result;
    }).parseAsync(argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof Fault) {
      printAside(`${error.message}`);
      return error.code === 'usage' ? EXIT.usage : EXIT.failed;
    }
    printAside(`Flotilla stopped because of an unexpected error: ${messageOf(error)}`);
    if (process.env.FLOTILLA_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return EXIT.failed;
  }
}
