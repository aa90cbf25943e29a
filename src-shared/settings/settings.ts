import { z } from 'zod';
import { parseRules, RULES_FORM } from '../fleet/availability.ts';
import { ComputerName, LAN_PORT } from '../fleet/protocol.ts';
import { parseHours } from '../fleet/worker-info.ts';
import { Crf } from '../media/quality.ts';
import { QUALITIES } from '../media/quality-target.ts';
import { Fault } from '../util/errors.ts';

export const FILE_ORDERS = ['gain', 'oldest', 'newest', 'largest', 'smallest'] as const;
export type FileOrder = (typeof FILE_ORDERS)[number];

/** From silence to every detail, as pino names them. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** Where a setting shows outside the program; `help` is also the line in --help, the interface and docs/. */
interface SettingMeta {
  help: string;
  env?: string;
  /** commander flag with its placeholder; a setting without one is set through the interface or the API. */
  flag?: string;
  /** Never set through the interface or the API: it names a program that runs. */
  outside?: true;
  /** What values are allowed, in words, where the schema does not say it. */
  values?: string;
}

const setting = <T extends z.ZodType>(schema: T, standard: z.input<T>, meta: SettingMeta) =>
  schema.default(standard as never).meta({ ...meta });

/** THE settings: names, limits, defaults, environment names, flags and help, in one place. */
export const Settings = z.strictObject({
  mediaDirs: setting(z.array(z.string().min(1)), [], {
    env: 'MEDIA_DIRS',
    help: 'Folders that `serve` scans and converts, separated by commas',
  }),
  tempDir: setting(z.string().min(1).nullable(), null, {
    env: 'TEMP_DIR',
    flag: '--temp <dir>',
    help: 'Folder for unfinished results; needs room for the largest video (default: temp in the data folder)',
  }),
  ffmpegPath: setting(z.string().min(1).nullable(), null, {
    env: 'FFMPEG_PATH',
    flag: '--ffmpeg <path>',
    outside: true,
    help: 'Folder with the ffmpeg and ffprobe to use (default: those that came with the app, or else those in PATH)',
  }),
  autoUpdate: setting(z.boolean(), true, {
    env: 'AUTO_UPDATE',
    help: 'The desktop app checks for new versions, downloads them, and installs them when you quit',
  }),
  webPort: setting(z.int().min(0).max(65_535), 8090, {
    env: 'WEB_PORT',
    flag: '--port <number>',
    help: 'TCP port of the interface and the API; 0 picks a free port',
  }),
  listen: setting(z.string().min(1), '127.0.0.1', {
    env: 'LISTEN',
    flag: '--listen <address>',
    help: 'Address to listen on; 0.0.0.0 makes this computer reachable from the network',
  }),
  basePath: setting(
    z
      .string()
      .min(1)
      .regex(/^(\/[\w.~-]+)*\/?$/),
    '/',
    {
      env: 'BASE_PATH',
      values: 'a path that begins with a slash',
      help: 'Path below which a reverse proxy shows the interface, such as /flotilla',
    },
  ),
  trustedProxies: setting(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])), [], {
    env: 'TRUSTED_PROXIES',
    values: 'addresses or networks (172.16.0.0/12) separated by commas',
    help: 'Addresses or networks of reverse proxies whose X-Forwarded headers are trusted',
  }),
  lead: setting(z.boolean(), false, {
    env: 'LEAD',
    flag: '--lead',
    help: 'Lead other computers: `serve` accepts workers from the network and gives them videos to convert',
  }),
  lanPort: setting(z.int().min(0).max(65_535), LAN_PORT, {
    env: 'LAN_PORT',
    flag: '--lan-port <number>',
    help: 'TCP port for workers, encrypted and for known keys only; 0 picks a free port',
  }),
  hostNames: setting(z.array(z.string().min(1)), [], {
    env: 'HOST_NAMES',
    help: 'Additional host names under which other computers can reach this one; its addresses, its own name, and names in private networks are always accepted',
  }),
  nodeName: setting(ComputerName.nullable(), null, {
    env: 'NODE_NAME',
    flag: '--name <name>',
    help: 'Name of this computer in the fleet (default: its host name)',
  }),
  fileDistribution: setting(z.boolean(), false, {
    env: 'FILE_DISTRIBUTION_MODE',
    help: 'Always send videos over the network, even where both computers reach the same storage',
  }),
  pathMappings: setting(z.array(z.string().regex(/^[^=]+=[^=]+$/)), [], {
    env: 'PATH_MAPPINGS',
    help: 'On a worker: where it finds the folders of the master, such as /media=/mnt/nas; mounts are detected automatically',
  }),
  jobs: setting(z.int().min(1).max(64).nullable(), null, {
    env: 'JOBS',
    flag: '--jobs <number>',
    help: 'Videos that this computer converts at a time, each with its share of the cores (default: 1, or the value set on the master)',
  }),
  bandwidth: setting(z.int().min(1000).max(100_000_000_000).nullable(), null, {
    env: 'BANDWIDTH',
    flag: '--bandwidth <bytes>',
    help: 'Bytes per second that a worker can download, and the same again for uploads (default: no limit, or the value set on the master)',
  }),
  hours: setting(z.array(z.string().refine((text) => parseHours([text]) !== undefined)), [], {
    env: 'WORK_HOURS',
    flag: '--hours <times>',
    help: 'When this computer works, by its own clock: 22:00-06:00 every day, or 1-5@18:00-08:00,6@00:00-00:00 by day, 0 is Sunday (default: always, or the value set on the master)',
  }),
  rules: setting(z.array(z.string().refine((text) => parseRules([text]) !== undefined)), [], {
    env: 'WORK_RULES',
    flag: '--rules <list>',
    help: `When this computer pauses work: any of ${RULES_FORM}, or always to never pause (default: battery,full-screen, or the value set on the master)`,
  }),
  testingMode: setting(z.boolean(), false, {
    env: 'TESTING_MODE',
    flag: '--testing',
    help: 'Keep every original in the vault until you purge it',
  }),
  preset: setting(z.int().min(0).max(13), 8, {
    env: 'SVT_AV1_PRESET',
    flag: '--preset <number>',
    help: 'Preset as in SVT-AV1 1.4: 0 slowest and smallest, 13 fastest; other versions get the one that comes closest to it, and 4.x may show artifacts at 13',
  }),
  crf: setting(Crf.nullable(), null, {
    flag: '--crf <number>',
    help: 'One CRF for every video instead of quality_lookup.json: 1 best, 63 smallest',
  }),
  quality: setting(z.enum(QUALITIES), 'transparent', {
    env: 'QUALITY',
    flag: '--quality <choice>',
    help: 'How good results are: samples of each video find the CRF that comes to 40 (transparent), 38 (balanced), or 36 dB (small) XPSNR, which needs ffmpeg 7.1; table takes the CRF of quality_lookup.json, as do HDR videos, short ones, and older ffmpegs (installs from before this choice keep table)',
  }),
  minCrf: setting(Crf, 15, { help: 'Lowest CRF that a quality target may lead to' }),
  maxCrf: setting(Crf, 55, { help: 'Highest CRF that a quality target may lead to' }),
  minSavings: setting(z.number().min(0).max(99), 5, {
    flag: '--min-savings <percent>',
    help: 'Keep the original unless the result is smaller by at least this many percent',
  }),
  fileOrder: setting(z.enum(FILE_ORDERS), 'gain', {
    env: 'FILE_ORDER',
    flag: '--order <order>',
    help: 'Which videos come first; gain: those that save the most bytes per hour of encoding, by the forecast (installs from before this choice keep oldest)',
  }),
  niceLevel: setting(z.int().min(0).max(19), 19, {
    env: 'NICE_LEVEL',
    flag: '--nice <level>',
    help: 'CPU priority of ffmpeg: 0 normal, 19 lowest',
  }),
  ioniceClass: setting(z.int().min(0).max(3), 3, {
    env: 'IONICE_CLASS',
    flag: '--ionice <class>',
    help: 'Disk priority of ffmpeg: 0 none, 1 real time, 2 best effort, 3 idle',
  }),
  skipAudioTranscode: setting(z.boolean(), false, {
    env: 'SKIP_AUDIO_TRANSCODE',
    flag: '--skip-audio-transcode',
    help: 'Copy every audio track instead of converting it to Opus',
  }),
  skipAv1Files: setting(z.boolean(), true, {
    env: 'SKIP_AV1_FILES',
    help: 'Skip videos that are already AV1',
  }),
  skipHardLinked: setting(z.boolean(), true, {
    help: 'Skip files that have other hard links (replacing one frees no space)',
  }),
  convertDamaged: setting(z.boolean(), false, {
    flag: '--convert-damaged',
    help: 'Convert videos that decode with errors too, instead of skipping and reporting them',
  }),
  deinterlace: setting(z.enum(['frame', 'field']), 'frame', {
    help: 'Deinterlace to one picture per frame, or to one per field, which is smoother',
  }),
  objectAudio: setting(z.enum(['copy', 'opus']), 'copy', {
    help: 'Copy Dolby Atmos and DTS:X tracks, or convert them to Opus without their objects',
  }),
  dynamicHdr: setting(z.enum(['keep', 'skip', 'base-layer']), 'keep', {
    flag: '--dynamic-hdr <choice>',
    help: 'keep: Dolby Vision 8.1 and 8.4 are kept (needs ffmpeg 7.1), HDR10+ and other Dolby Vision videos are skipped; skip: all of them are skipped; base-layer: only their compatible base layer is kept (HDR10, HLG, or SDR)',
  }),
  container: setting(z.enum(['mkv', 'source']), 'mkv', {
    flag: '--container <kind>',
    help: 'Write Matroska (mkv), or keep the MP4 or WebM container of the original (source) where everything fits into it',
  }),
  dataStreams: setting(z.enum(['drop', 'skip']), 'skip', {
    flag: '--data-streams <choice>',
    help: "Tracks that can't be kept (telemetry, teletext, and some subtitles: XSUB, TTML, ARIB, and WebVTT in Matroska): skip the whole video, or drop these tracks",
  }),
  vaultDays: setting(z.int().min(0).max(3650), 7, {
    flag: '--vault-days <days>',
    help: 'Days that originals stay in the vault after a replacement; 0 deletes them immediately (no effect in testing mode)',
  }),
  settleMinutes: setting(z.number().min(0).max(1440), 2, {
    flag: '--settle <minutes>',
    help: 'Minutes that a file must be unchanged before it is converted',
  }),
  logLevel: setting(z.enum(LOG_LEVELS), 'info', {
    env: 'LOG_LEVEL',
    flag: '--log-level <level>',
    help: 'How detailed the log of `serve` and `worker` is',
  }),
  rescanMinutes: setting(z.int().min(0).max(10_080), 60, {
    help: 'Minutes between scans of the libraries by `serve`; 0 scans only at startup',
  }),
});
export type Settings = z.infer<typeof Settings>;
export type SettingKey = keyof Settings;
export type SettingSource = 'flag' | 'environment' | 'stored' | 'default';

/** Settings with, for each, where its value came from. */
export interface ResolvedSettings {
  values: Settings;
  sources: Record<SettingKey, SettingSource>;
}

/** A setting as help texts, docs and the interface show it. */
export interface SettingInfo extends SettingMeta {
  key: SettingKey;
  standard: unknown;
  /** What values are allowed, in words: `a whole number from 0 to 13`. */
  allowed: string;
  /** JSON Schema type of a single value. */
  type: 'string' | 'number' | 'boolean' | 'list';
  /** The only values there are. */
  choices?: string[];
  minimum?: number;
  maximum?: number;
  whole?: true;
  /** Whether it may have no value. */
  nullable: boolean;
}

interface JsonSchema {
  type?: string;
  minimum?: number;
  maximum?: number;
  enum?: string[];
  anyOf?: JsonSchema[];
}

type Described = Omit<SettingInfo, keyof SettingMeta | 'key' | 'standard'>;

function describe(schema: JsonSchema): Described {
  const own = schema.anyOf?.find((s) => s.type !== 'null') ?? schema;
  const nullable = own !== schema;
  if (own.type === 'boolean') return { type: 'boolean', allowed: 'true or false', nullable };
  if (own.type === 'array') return { type: 'list', allowed: 'a list separated by commas', nullable };
  if (own.enum) {
    const allowed = `${own.enum.slice(0, -1).join(', ')}${own.enum.length > 2 ? ',' : ''} or ${own.enum.at(-1)}`;
    return { type: 'string', allowed, choices: own.enum, nullable };
  }
  if (own.type === 'string') return { type: 'string', allowed: 'a text that is not empty', nullable };
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = own;
  const whole = own.type === 'integer';
  const allowed = `${whole ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`;
  return { type: 'number', allowed, minimum, maximum, ...(whole && { whole }), nullable };
}

/** Every setting with its metadata, in the order of the schema. */
export const SETTING_INFOS: SettingInfo[] = (Object.keys(Settings.shape) as SettingKey[]).map((key) => {
  const schema = Settings.shape[key];
  const { help, env, flag, outside, values } = schema.meta() as unknown as SettingMeta;
  return {
    key,
    help,
    ...(env && { env }),
    ...(flag && { flag }),
    ...(outside && { outside }),
    standard: schema.parse(undefined),
    ...describe(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema),
    ...(values && { allowed: values }),
  };
});

const BOOLEANS: Record<string, boolean> = {
  true: true,
  1: true,
  yes: true,
  on: true,
  false: false,
  0: false,
  no: false,
  off: false,
};

function fromText(info: SettingInfo, text: string): unknown {
  const trimmed = text.trim();
  if (info.type === 'number') return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
  if (info.type === 'boolean') return BOOLEANS[trimmed.toLowerCase()] ?? trimmed;
  if (info.type === 'list') {
    return trimmed
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  }
  return trimmed;
}

/**
 * Parses one value of a setting.
 * @param name what the user called it: a flag, a variable, or the setting's key
 * @throws Fault `usage` naming `name`, the value and what is allowed
 */
export function parseSetting<K extends SettingKey>(key: K, raw: unknown, name: string = key): Settings[K] {
  const info = SETTING_INFOS.find((i) => i.key === key);
  if (!info) throw new Fault('usage', `There is no setting called ${name}.`);
  const parsed = Settings.shape[key].safeParse(typeof raw === 'string' ? fromText(info, raw) : raw);
  if (!parsed.success) throw new Fault('usage', `${name} is "${String(raw)}", but must be ${info.allowed}.`);
  return parsed.data as Settings[K];
}

/**
 * Settings in force: flags win over the environment, the environment over stored settings, these over the defaults.
 * An empty environment variable counts as not set.
 */
export function resolveSettings(input: {
  flags?: Partial<Record<SettingKey, unknown>>;
  env?: Record<string, string | undefined>;
  stored?: Partial<Record<SettingKey, unknown>>;
}): ResolvedSettings {
  const values: Record<string, unknown> = {};
  const sources: Record<string, SettingSource> = {};
  for (const { key, env, flag, standard } of SETTING_INFOS) {
    const fromEnv = env ? input.env?.[env] : undefined;
    const candidates: [SettingSource, unknown, string][] = [
      ['flag', input.flags?.[key], flag?.split(' ')[0] ?? key],
      ['environment', fromEnv?.trim() ? fromEnv : undefined, env ?? key],
      ['stored', input.stored?.[key], key],
    ];
    const [source, raw, name] = candidates.find(([, value]) => value !== undefined) ?? ['default', standard, key];
    sources[key] = source;
    values[key] = source === 'default' ? standard : parseSetting(key, raw, name);
  }
  return { values: values as Settings, sources: sources as ResolvedSettings['sources'] };
}
