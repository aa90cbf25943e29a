/** One argument of `Exec=` as the Desktop Entry Specification wants it quoted. */
const quoted = (argument: string): string => `"${argument.replace(/[\\"`$]/g, (c) => `\\${c}`).replaceAll('%', '%%')}"`;

/** A file for ~/.config/autostart that runs a command at login. */
export function autostartEntry(command: string[]): string {
  // Values have escapes of their own, over those of the quotes.
  const exec = command.map(quoted).join(' ').replaceAll('\\', '\\\\');
  return `[Desktop Entry]
Type=Application
Name=Flotilla
Comment=Converts your videos in the background
Exec=${exec}
Icon=flotilla
Terminal=false
X-GNOME-Autostart-enabled=true
`;
}
