/** Values of a systemd unit. */
export interface UnitParts {
  kind: 'serve' | 'worker';
  /** The program and its arguments. */
  command: string[];
  /** File with settings, one `NAME="value"` a line. */
  settings: string;
  /** Who runs it; undefined in a unit of a user's own. */
  user?: string | undefined;
  /** The folder in /var/lib that systemd is to make for it. */
  state?: string | undefined;
  /** Folders that have to be mounted first. */
  folders: string[];
}

/** A text as one word of systemd's command lines and lists: nothing in it is looked up or split. */
const word = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
/** Quotes a path for a list of paths, where a dollar sign isn't special. */
const place = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;

/**
 * Libraries may be anywhere and be added later, so that folders of the system are read-only and all others are not. Memory stays
 * writable and executable at once, as V8 needs it; netlink reports the addresses of this computer.
 */
const WALLS = `NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=full
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
UMask=0022
`;

/** A systemd unit as a text. It is stopped by SIGTERM to Flotilla alone, which ends its own children. */
export function unitText({ kind, command, settings, user, state, folders }: UnitParts): string {
  const what = kind === 'serve' ? 'Flotilla' : 'Flotilla, a worker';
  const mounts = folders.length > 0 && user ? `RequiresMountsFor=${folders.map(place).join(' ')}\n` : '';
  // systemd takes no quotes or dollars in the name of a program itself.
  const start = `/usr/bin/env ${command.map(word).join(' ')}`;
  return `[Unit]
Description=${what}
${user ? `Wants=network-online.target\nAfter=network-online.target\n${mounts}` : ''}
[Service]
${user ? `User=${user}\n` : ''}ExecStart=${start}
EnvironmentFile=-${settings.replaceAll('%', '%%')}
${state ? `StateDirectory=${state}\nStateDirectoryMode=0750\n` : ''}Restart=on-failure
RestartSec=10
# A restart doesn't fix wrong settings.
RestartPreventExitStatus=2
KillMode=mixed
TimeoutStopSec=30
${user ? WALLS : 'NoNewPrivileges=yes\n'}
[Install]
WantedBy=${user ? 'multi-user.target' : 'default.target'}
`;
}

const LINE = /^([A-Z_\d]+)=/;

/** Settings of a file of the form that systemd reads, with these put in or in the place of others. */
export function settingsText(before: string, values: Record<string, string>): string {
  const kept = before
    .split('\n')
    .filter(Boolean)
    .filter((line) => !Object.hasOwn(values, LINE.exec(line)?.[1] ?? ''));
  const added = Object.entries(values).map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"`);
  return `${[...kept, ...added].join('\n')}\n`;
}
