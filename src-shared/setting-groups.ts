import type { SettingKey } from './settings.ts';

/** Settings that belong together, with the name each has in the interface. */
export interface SettingGroup {
  title: string;
  settings: Partial<Record<SettingKey, string>>;
}

/** Settings that only the desktop program goes by, which shows them in a section of its own. */
export const DESKTOP_SETTINGS = { autoUpdate: 'Update by itself' } as const satisfies SettingGroup['settings'];

/** Every other setting once, in the order in which the interface shows them. */
export const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    title: 'Safety',
    settings: {
      testingMode: 'Testing mode',
      vaultDays: 'Days in the vault',
      minSavings: 'Least saving, in percent',
      convertDamaged: 'Convert damaged films',
      skipHardLinked: 'Leave hard-linked files alone',
      settleMinutes: 'Minutes to settle',
    },
  },
  {
    title: 'Picture and sound',
    settings: {
      preset: 'SVT-AV1 preset',
      crf: 'One CRF for all',
      deinterlace: 'Interlaced films',
      skipAv1Files: 'Leave AV1 films alone',
      skipAudioTranscode: 'Copy all audio',
      objectAudio: 'Dolby Atmos and DTS:X',
      dynamicHdr: 'HDR10+ and Dolby Vision',
      container: 'Container of results',
      dataStreams: 'Tracks that cannot be kept',
    },
  },
  {
    title: 'Queue and libraries',
    settings: { fileOrder: 'Order of the queue', rescanMinutes: 'Minutes between scans', mediaDirs: 'Library folders' },
  },
  {
    title: 'Other computers',
    settings: {
      lead: 'Lead other computers',
      lanPort: 'Port for other computers',
      fileDistribution: 'Always send films over the network',
      hostNames: 'Further names of this computer',
      pathMappings: 'Folders of the master here',
    },
  },
  {
    title: 'This computer',
    settings: {
      nodeName: 'Name',
      logLevel: 'Log level',
      jobs: 'Films at a time',
      bandwidth: 'Bandwidth',
      hours: 'Working hours',
      rules: 'Steps back for its user',
      niceLevel: 'CPU priority',
      ioniceClass: 'Disk priority',
      tempDir: 'Folder for unfinished results',
      webPort: 'Port',
      listen: 'Listening address',
      basePath: 'Path behind a reverse proxy',
      trustedProxies: 'Trusted reverse proxies',
      ffmpegPath: 'Folder of ffmpeg',
    },
  },
];

/** Settings that are looked at when Flotilla starts, and not again. */
export const AT_START: ReadonlySet<SettingKey> = new Set([
  'ffmpegPath',
  'tempDir',
  'webPort',
  'listen',
  'basePath',
  'trustedProxies',
  'mediaDirs',
  'rescanMinutes',
  'nodeName',
  'hours',
  'rules',
  'hostNames',
  'pathMappings',
]);
