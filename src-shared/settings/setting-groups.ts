import type { SettingKey } from './settings.ts';

/** How the interface presents a setting. */
export interface SettingText {
  label: string;
  /** Effect of the setting, where the line of `--help` doesn't fit a page. */
  help?: string;
  /** Plain words for its values, in the order in which they are offered. */
  choices?: readonly (readonly [value: string, words: string])[];
  /** What happens while it has no value. */
  without?: string;
  /** Background for people who meet the term for the first time. */
  explain?: string;
  /** The page of the documentation that says more than `explain`: `encoding` unless named. */
  page?: string;
  /** A folder is chosen by looking around. */
  editor?: 'folder';
  /** Few people need it. */
  advanced?: true;
}

/** Settings that belong together. */
export interface SettingGroup {
  title: string;
  settings: Partial<Record<SettingKey, SettingText>>;
}

/** Settings of the desktop app only, which shows them in a section of its own. */
export const DESKTOP_SETTINGS = {
  autoUpdate: {
    label: 'Update automatically',
    help: 'Checks for new versions, downloads them, and installs them when you quit',
  },
} as const satisfies SettingGroup['settings'];

/** Settings that are edited in a form of their own: the limits of this computer, and whether it leads others. */
export const OWN_FORM_SETTINGS = ['jobs', 'bandwidth', 'hours', 'rules', 'lead'] as const satisfies SettingKey[];

/** Every other setting once: by task, in the order in which the interface shows them. */
export const SETTING_SECTIONS = {
  quality: [
    {
      title: 'Quality and size',
      settings: {
        quality: {
          label: 'Quality',
          help: 'How close results stay to their originals. Samples of each video find the CRF for it; this needs ffmpeg 7.1 or newer',
          choices: [
            ['transparent', 'Transparent (no visible difference)'],
            ['balanced', 'Balanced'],
            ['small', 'Small files'],
            ['table', 'By the quality table'],
          ],
          explain:
            'Videos differ: one looks right at CRF 40, another needs 20. Flotilla encodes a few seconds of each video, measures how they compare with the original (XPSNR), and picks the CRF that comes to the quality you chose. It also skips videos that would not become small enough before encoding them.',
        },
        crf: {
          label: 'Fixed CRF',
          help: 'One CRF for every video instead of the quality table: 1 is the best quality, 63 the smallest file',
          without: 'From the quality table',
          explain:
            'CRF (constant rate factor) is how much detail the encoder may give up to save space. A lower CRF means better quality and larger files. Most people leave it to the table below, which picks a CRF by the resolution and codec of each video.',
        },
        preset: {
          label: 'SVT-AV1 preset',
          help: 'How much effort each video gets: 0 is the slowest and smallest, 13 the fastest',
          explain:
            'A slower preset finds better ways to store the same picture. Each step down makes files a little smaller at the same quality, and takes roughly one and a half times as long. 8 is a good balance; 4 to 6 suit an archive.',
        },
        minCrf: {
          label: 'Lowest CRF',
          help: 'No quality target leads to a lower CRF, so that files stay within reason',
          advanced: true,
        },
        maxCrf: {
          label: 'Highest CRF',
          help: 'No quality target leads to a higher CRF, however little a video shows',
          advanced: true,
        },
        minSavings: {
          label: 'Minimum savings (%)',
          help: 'Keeps the original unless the result is smaller by at least this much',
        },
        deinterlace: {
          label: 'Interlaced videos',
          help: 'How the two half pictures of interlaced video, as from TV and DVD, become whole ones',
          choices: [
            ['frame', 'One picture per frame'],
            ['field', 'One picture per field (smoother)'],
          ],
          advanced: true,
        },
      },
    },
    {
      title: 'HDR',
      settings: {
        dynamicHdr: {
          label: 'HDR10+ and Dolby Vision',
          help: 'What happens to videos with dynamic HDR metadata, which AV1 cannot always carry',
          choices: [
            ['keep', 'Keep where possible, else skip'],
            ['skip', 'Skip all of these videos'],
            ['base-layer', 'Keep only the base layer'],
          ],
          explain:
            'HDR10+ and Dolby Vision store brightness instructions for every scene. Dolby Vision 8.1 and 8.4 can be kept (with ffmpeg 7.1 or newer). Other kinds would lose them, so these videos are skipped unless you choose the base layer, which looks like plain HDR10, HLG, or SDR.',
        },
      },
    },
  ],
  tracks: [
    {
      title: 'Audio',
      settings: {
        skipAudioTranscode: {
          label: 'Copy all audio',
          help: 'Copies every audio track as it is instead of converting it to Opus',
          explain:
            'Opus sounds the same as most formats at a fraction of the size. Copying keeps the original tracks bit by bit, but saves less space.',
        },
        objectAudio: {
          label: 'Dolby Atmos and DTS:X',
          help: 'Opus cannot hold the sound objects of these formats, only their channels',
          choices: [
            ['copy', 'Copy these tracks'],
            ['opus', 'Convert to Opus without objects'],
          ],
        },
      },
    },
    {
      title: 'File',
      settings: {
        container: {
          label: 'Output container',
          help: 'The kind of file that results are written to',
          choices: [
            ['mkv', 'Matroska (.mkv)'],
            ['source', 'Like the original if it fits'],
          ],
          explain:
            'Matroska can hold nearly every kind of track. Keeping MP4 or WebM helps players that only open these; a video with tracks that do not fit becomes Matroska anyway.',
        },
        dataStreams: {
          label: 'Tracks that cannot be kept',
          help: 'Telemetry, teletext, and some kinds of subtitles (XSUB, TTML, ARIB, and WebVTT in Matroska)',
          choices: [
            ['skip', 'Skip the whole video'],
            ['drop', 'Convert without these tracks'],
          ],
        },
      },
    },
  ],
  safety: [
    {
      title: 'Originals',
      settings: {
        testingMode: {
          label: 'Testing mode',
          help: 'Keeps every original in the vault until you purge it, so that disk space is freed only then',
        },
        vaultDays: {
          label: 'Vault retention (days)',
          help: 'How long originals stay in the vault after a replacement; 0 deletes them immediately. Testing mode overrides it',
        },
      },
    },
    {
      title: 'Skip rules',
      settings: {
        skipAv1Files: { label: 'Skip AV1 videos', help: 'Leaves videos alone that are already AV1' },
        skipHardLinked: {
          label: 'Skip hard-linked files',
          help: 'Leaves files alone that exist under more than one name',
          explain:
            'A hard link is a second name for the same file, as download programs make them. Replacing one name frees no space while the other still holds the original.',
          page: 'safety',
        },
        convertDamaged: {
          label: 'Convert damaged videos',
          help: 'Converts videos that decode with errors too, instead of skipping and reporting them',
          advanced: true,
        },
        settleMinutes: {
          label: 'Wait until unchanged for (minutes)',
          help: 'A file that was just written is converted only after this long without a change',
          advanced: true,
        },
      },
    },
  ],
  libraries: [
    {
      title: 'Scanning and order',
      settings: {
        fileOrder: {
          label: 'Queue order',
          help: 'Which videos come first',
          choices: [
            ['gain', 'Most saved per hour first'],
            ['oldest', 'Oldest first'],
            ['newest', 'Newest first'],
            ['largest', 'Largest first'],
            ['smallest', 'Smallest first'],
          ],
        },
        rescanMinutes: {
          label: 'Scan interval (minutes)',
          help: 'How often the libraries are scanned for new videos; 0 scans only at startup',
        },
        mediaDirs: {
          label: 'Folders from the command line',
          help: 'Folders that are added as libraries at every start, besides those above',
          advanced: true,
        },
      },
    },
  ],
  computer: [
    {
      title: 'This computer',
      settings: {
        nodeName: { label: 'Name', help: 'How other computers and this interface call it', without: 'The host name' },
        tempDir: {
          label: 'Folder for unfinished results',
          help: 'Needs room for the largest video',
          without: 'In the data folder',
          editor: 'folder',
        },
        niceLevel: {
          label: 'CPU priority',
          help: 'How far conversions step back for other programs: 0 is normal, 19 the lowest priority',
          advanced: true,
        },
        ioniceClass: {
          label: 'Disk priority',
          help: 'Who goes first when programs compete for the disk (Linux)',
          choices: [
            ['3', 'Idle: only when the disk is free'],
            ['2', 'Best effort'],
            ['1', 'Real time: before everything else'],
            ['0', 'Not set'],
          ],
          advanced: true,
        },
        logLevel: {
          label: 'Log level',
          help: 'How detailed the log is',
          choices: [
            ['silent', 'No log'],
            ['fatal', 'Fatal errors only'],
            ['error', 'Errors'],
            ['warn', 'Warnings and errors'],
            ['info', 'Normal'],
            ['debug', 'Detailed'],
            ['trace', 'Everything'],
          ],
          advanced: true,
        },
        ffmpegPath: {
          label: 'ffmpeg folder',
          help: 'Folder with the ffmpeg and ffprobe to use',
          without: 'Found automatically',
          advanced: true,
        },
      },
    },
  ],
  role: [
    {
      title: 'Network',
      settings: {
        listen: {
          label: 'Listening address',
          help: '127.0.0.1 keeps this interface on this computer; 0.0.0.0 opens it to your network. Set a password first',
        },
        webPort: { label: 'Port', help: 'TCP port of the interface and the API; 0 picks a free port' },
        hostNames: {
          label: 'Additional host names',
          help: 'Names under which other computers reach this one. Its addresses, its own name, and names in private networks always work',
          advanced: true,
        },
        basePath: {
          label: 'Path behind a reverse proxy',
          help: 'Path below which a reverse proxy shows this interface, such as /flotilla',
          advanced: true,
        },
        trustedProxies: {
          label: 'Trusted reverse proxies',
          help: 'Addresses or networks of reverse proxies whose X-Forwarded headers are trusted, such as 172.16.0.0/12',
          advanced: true,
        },
        lanPort: {
          label: 'Port for other computers',
          help: 'TCP port for workers, encrypted and for approved computers only; 0 picks a free port',
          advanced: true,
        },
        fileDistribution: {
          label: 'Always send videos over the network',
          help: 'Even where both computers reach the same storage',
          advanced: true,
        },
        pathMappings: {
          label: 'Path mappings',
          help: 'Where this computer, as a worker, finds the folders of its master, such as /media=/mnt/nas. Mounts are detected automatically',
          advanced: true,
        },
      },
    },
  ],
} as const satisfies Record<string, readonly SettingGroup[]>;
export type SettingSection = keyof typeof SETTING_SECTIONS;

/** Settings that take effect at the next start. */
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
