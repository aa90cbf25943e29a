/** Characters that no shell gives a meaning. */
const PLAIN = /^[\w@+=:,./-]+$/;
const PLAIN_ON_WINDOWS = /^[\w@+=:,./\\-]+$/;

/**
 * Writes a command so that it can be pasted into a shell.
 * @param windows for the shells of Windows instead of those of POSIX
 */
export function commandLine(command: readonly string[], windows = false): string {
  const quote = (arg: string) => {
    if ((windows ? PLAIN_ON_WINDOWS : PLAIN).test(arg)) return arg;
    // As programs on Windows parse their command line.
    if (windows) return `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, '$&$&')}"`;
    return `'${arg.replaceAll("'", `'\\''`)}'`;
  };
  return command.map(quote).join(' ');
}
