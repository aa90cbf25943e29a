import { describe, expect, it } from 'vitest';
import { Fault } from '../util/errors.ts';
import { parseSetting, resolveSettings, SETTING_INFOS, type SettingKey, Settings } from './settings.ts';

/** The message of the usage error that `act` must throw. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect((error as Fault).code).toBe('usage');
    return (error as Fault).message;
  }
  throw new Error('nothing was refused');
}

const ORDERS = 'gain, oldest, newest, largest, or smallest';
const ENVIRONMENT: [env: string, key: SettingKey, text: string, value: unknown, bad: string[], allowed: string][] = [
  ['MEDIA_DIRS', 'mediaDirs', ' /videos, /my series ,', ['/videos', '/my series'], [], 'a list separated by commas'],
  ['TEMP_DIR', 'tempDir', ' /var/tmp ', '/var/tmp', [], 'a text that is not empty'],
  ['FFMPEG_PATH', 'ffmpegPath', '/opt/ffmpeg/bin', '/opt/ffmpeg/bin', [], 'a text that is not empty'],
  ['AUTO_UPDATE', 'autoUpdate', 'no', false, ['maybe'], 'true or false'],
  ['WEB_PORT', 'webPort', '80', 80, ['65536', '-1', 'http', '80.5', '0x50', '8e1'], 'a whole number from 0 to 65535'],
  ['LISTEN', 'listen', '0.0.0.0', '0.0.0.0', [], 'a text that is not empty'],
  [
    'BASE_PATH',
    'basePath',
    '/a/b-c/',
    '/a/b-c/',
    ['a', '//a', '/a b', '/a?b', 'https://a'],
    'a path that begins with a slash',
  ],
  [
    'TRUSTED_PROXIES',
    'trustedProxies',
    '127.0.0.1, ::1, fd00::/8',
    ['127.0.0.1', '::1', 'fd00::/8'],
    ['nas', '10.0.0.0/33', '10.0.0', '*'],
    'addresses or networks (172.16.0.0/12) separated by commas',
  ],
  ['LEAD', 'lead', 'on', true, ['maybe'], 'true or false'],
  ['LAN_PORT', 'lanPort', '9000', 9000, ['65536', '-1', 'https'], 'a whole number from 0 to 65535'],
  [
    'HOST_NAMES',
    'hostNames',
    'nas.example.org, videos',
    ['nas.example.org', 'videos'],
    [],
    'a list separated by commas',
  ],
  ['NODE_NAME', 'nodeName', ' Büro 2 ', 'Büro 2', ['a\u0007b', 'x'.repeat(65)], 'a text that is not empty'],
  ['FILE_DISTRIBUTION_MODE', 'fileDistribution', 'true', true, ['maybe'], 'true or false'],
  [
    'PATH_MAPPINGS',
    'pathMappings',
    '/media=/mnt/nas, /tv=/mnt/tv',
    ['/media=/mnt/nas', '/tv=/mnt/tv'],
    ['/media', '='],
    'a list separated by commas',
  ],
  ['JOBS', 'jobs', '4', 4, ['0', '65', 'all', '1.5'], 'a whole number from 1 to 64'],
  ['BANDWIDTH', 'bandwidth', '5000000', 5_000_000, ['0', '999', '5M'], 'a whole number from 1000 to 100000000000'],
  [
    'WORK_HOURS',
    'hours',
    '22:00-06:00, 1-5@18:00-08:00',
    ['22:00-06:00', '1-5@18:00-08:00'],
    ['at night', '24:00-06:00', '5-1@18:00-08:00', '7@18:00-08:00'],
    'a list separated by commas',
  ],
  [
    'WORK_RULES',
    'rules',
    'battery, idle=5',
    ['battery', 'idle=5'],
    ['sometimes', 'idle=0'],
    'a list separated by commas',
  ],
  ['TESTING_MODE', 'testingMode', 'Yes', true, ['maybe', '2', 'truefalse'], 'true or false'],
  ['SVT_AV1_PRESET', 'preset', ' 13 ', 13, ['14', '-1', 'fast', '8.5'], 'a whole number from 0 to 13'],
  ['NICE_LEVEL', 'niceLevel', '0', 0, ['20', '-5', 'low'], 'a whole number from 0 to 19'],
  ['IONICE_CLASS', 'ioniceClass', '2', 2, ['4', '-1', 'idle'], 'a whole number from 0 to 3'],
  ['LOG_LEVEL', 'logLevel', 'debug', 'debug', ['loud', 'Info'], 'silent, fatal, error, warn, info, debug, or trace'],
  ['FILE_ORDER', 'fileOrder', 'largest', 'largest', ['random', 'Largest'], ORDERS],
  ['SKIP_AUDIO_TRANSCODE', 'skipAudioTranscode', '1', true, ['10', 'y'], 'true or false'],
  ['QUALITY', 'quality', 'balanced', 'balanced', ['best', '40'], 'transparent, balanced, small, or table'],
  ['SKIP_AV1_FILES', 'skipAv1Files', 'off', false, ['none', '-1'], 'true or false'],
];

describe('environment', () => {
  it('has exactly these variables', () => {
    expect(SETTING_INFOS.flatMap((info) => info.env ?? []).sort()).toEqual(ENVIRONMENT.map(([env]) => env).sort());
  });

  it.each(ENVIRONMENT)('%s sets %s', (env, key, text, value, bad, allowed) => {
    const { values, sources } = resolveSettings({ env: { [env]: text } });
    expect(values).toEqual({ ...Settings.parse({}), [key]: value });
    expect(Object.entries(sources).filter(([, source]) => source !== 'default')).toEqual([[key, 'environment']]);
    expect(SETTING_INFOS.find((info) => info.key === key)?.allowed).toBe(allowed);
    for (const wrong of bad) {
      const message = refusal(() => resolveSettings({ env: { [env]: wrong } }));
      expect(message).toBe(`${env} is "${wrong}", but must be ${allowed}.`);
    }
  });

  it.each(ENVIRONMENT)('%s counts as not set when it is empty', (env, key, _text, value) => {
    for (const empty of ['', ' \t', undefined]) {
      expect(resolveSettings({ env: { [env]: empty } })).toEqual(resolveSettings({}));
      const { values, sources } = resolveSettings({ env: { [env]: empty }, stored: { [key]: value } });
      expect([values[key], sources[key]]).toEqual([value, 'stored']);
    }
  });

  it.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['yes', true],
    ['On', true],
    ['false', false],
    ['0', false],
    ['no', false],
    [' OFF ', false],
  ])('%j as a yes or no', (text, value) => {
    expect(resolveSettings({ env: { SKIP_AV1_FILES: text } }).values.skipAv1Files).toBe(value);
  });
});

describe('precedence', () => {
  const layers = { flags: { preset: '3' }, env: { SVT_AV1_PRESET: '4' }, stored: { preset: 5 } };
  it.each([
    ['flag', 3, layers],
    ['flag', 3, { ...layers, env: { SVT_AV1_PRESET: 'bad' }, stored: { preset: 'bad' } }],
    ['flag', 0, { ...layers, flags: { preset: 0 } }],
    ['environment', 4, { ...layers, flags: {} }],
    ['environment', 0, { ...layers, flags: { preset: undefined }, env: { SVT_AV1_PRESET: '0' } }],
    ['stored', 5, { stored: layers.stored }],
    ['default', 8, {}],
  ] as const)('%s gives %i', (source, value, input) => {
    const { values, sources } = resolveSettings(input);
    expect([values.preset, sources.preset]).toEqual([value, source]);
  });

  it('is decided for each setting alone', () => {
    const { values, sources } = resolveSettings({
      flags: { testingMode: true },
      env: { NICE_LEVEL: '1' },
      stored: { crf: 30, tempDir: null },
    });
    expect(values).toEqual({ ...Settings.parse({}), testingMode: true, niceLevel: 1, crf: 30 });
    expect(sources).toMatchObject({ testingMode: 'flag', niceLevel: 'environment', crf: 'stored', webPort: 'default' });
  });

  it('gives the defaults that the schema gives', () => {
    const { values, sources } = resolveSettings({});
    expect(values).toEqual(Settings.parse({}));
    expect(values).toMatchObject({ preset: 8, fileOrder: 'gain', skipAv1Files: true, skipAudioTranscode: false });
    expect(values).toMatchObject({ webPort: 8090, listen: '127.0.0.1', niceLevel: 19, ioniceClass: 3, crf: null });
    expect(new Set(Object.values(sources))).toEqual(new Set(['default']));
  });
});

describe('refusals', () => {
  it.each([
    [{ flags: { preset: '14' } }, '--preset is "14", but must be a whole number from 0 to 13.'],
    [{ flags: { crf: '0' } }, '--crf is "0", but must be a whole number from 1 to 63.'],
    [{ flags: { minSavings: '100' } }, '--min-savings is "100", but must be a number from 0 to 99.'],
    [{ flags: { tempDir: '' } }, '--temp is "", but must be a text that is not empty.'],
    [{ flags: { skipAv1Files: 'x' } }, 'skipAv1Files is "x", but must be true or false.'],
    [{ stored: { preset: null } }, 'preset is "null", but must be a whole number from 0 to 13.'],
    [{ stored: { mediaDirs: [''] } }, 'mediaDirs is "", but must be a list separated by commas.'],
    [{ stored: { fileOrder: 'x' } }, `fileOrder is "x", but must be ${ORDERS}.`],
  ])('%j', (input, message) => expect(refusal(() => resolveSettings(input))).toBe(message));

  it('of a setting that does not exist', () => {
    expect(refusal(() => parseSetting('colour' as SettingKey, 1))).toBe('There is no setting called colour.');
    expect(Settings.safeParse({ colour: 1 }).success).toBe(false);
  });
});

/** Name, flag, default and limits of every setting: what users and their scripts rely on. */
const EVERY: [SettingKey, flag: string | undefined, standard: unknown, allowed: string][] = [
  ['mediaDirs', undefined, [], 'a list separated by commas'],
  ['tempDir', '--temp <dir>', null, 'a text that is not empty'],
  ['ffmpegPath', '--ffmpeg <path>', null, 'a text that is not empty'],
  ['autoUpdate', undefined, true, 'true or false'],
  ['webPort', '--port <number>', 8090, 'a whole number from 0 to 65535'],
  ['listen', '--listen <address>', '127.0.0.1', 'a text that is not empty'],
  ['basePath', undefined, '/', 'a path that begins with a slash'],
  ['trustedProxies', undefined, [], 'addresses or networks (172.16.0.0/12) separated by commas'],
  ['lead', '--lead', false, 'true or false'],
  ['lanPort', '--lan-port <number>', 8091, 'a whole number from 0 to 65535'],
  ['hostNames', undefined, [], 'a list separated by commas'],
  ['nodeName', '--name <name>', null, 'a text that is not empty'],
  ['fileDistribution', undefined, false, 'true or false'],
  ['pathMappings', undefined, [], 'a list separated by commas'],
  ['jobs', '--jobs <number>', null, 'a whole number from 1 to 64'],
  ['bandwidth', '--bandwidth <bytes>', null, 'a whole number from 1000 to 100000000000'],
  ['hours', '--hours <times>', [], 'a list separated by commas'],
  ['rules', '--rules <list>', [], 'a list separated by commas'],
  ['testingMode', '--testing', false, 'true or false'],
  ['preset', '--preset <number>', 8, 'a whole number from 0 to 13'],
  ['crf', '--crf <number>', null, 'a whole number from 1 to 63'],
  ['quality', '--quality <choice>', 'transparent', 'transparent, balanced, small, or table'],
  ['minCrf', undefined, 15, 'a whole number from 1 to 63'],
  ['maxCrf', undefined, 55, 'a whole number from 1 to 63'],
  ['minSavings', '--min-savings <percent>', 5, 'a number from 0 to 99'],
  ['fileOrder', '--order <order>', 'gain', ORDERS],
  ['niceLevel', '--nice <level>', 19, 'a whole number from 0 to 19'],
  ['ioniceClass', '--ionice <class>', 3, 'a whole number from 0 to 3'],
  ['skipAudioTranscode', '--skip-audio-transcode', false, 'true or false'],
  ['skipAv1Files', undefined, true, 'true or false'],
  ['skipHardLinked', undefined, true, 'true or false'],
  ['convertDamaged', '--convert-damaged', false, 'true or false'],
  ['deinterlace', undefined, 'frame', 'frame or field'],
  ['objectAudio', undefined, 'copy', 'copy or opus'],
  ['dynamicHdr', '--dynamic-hdr <choice>', 'keep', 'keep, skip, or base-layer'],
  ['container', '--container <kind>', 'mkv', 'mkv or source'],
  ['dataStreams', '--data-streams <choice>', 'skip', 'drop or skip'],
  ['vaultDays', '--vault-days <days>', 7, 'a whole number from 0 to 3650'],
  ['settleMinutes', '--settle <minutes>', 2, 'a number from 0 to 1440'],
  ['logLevel', '--log-level <level>', 'info', 'silent, fatal, error, warn, info, debug, or trace'],
  ['rescanMinutes', undefined, 60, 'a whole number from 0 to 10080'],
];

it.each(EVERY)('%s (%s): %j, else %s', (key, flag, standard, allowed) => {
  const info = SETTING_INFOS.find((i) => i.key === key);
  expect(info).toMatchObject({ standard, allowed });
  expect(info?.flag).toBe(flag);
  expect(EVERY.map(([name]) => name)).toEqual(SETTING_INFOS.map((i) => i.key));
  // The limits in words are those that are kept.
  const [, low, high] = /from (\d+) to (\d+)$/.exec(allowed) ?? [];
  if (low && high) {
    expect([low, high].map((text) => parseSetting(key, text))).toEqual([Number(low), Number(high)]);
    for (const beyond of [Number(low) - 1, Number(high) + 1]) refusal(() => parseSetting(key, String(beyond)));
  }
});

it('describes every setting with a help text and what is allowed, under names of its own', () => {
  for (const { key, help, allowed, standard } of SETTING_INFOS) {
    expect(help.length, key).toBeGreaterThan(10);
    expect(allowed, key).not.toMatch(/undefined|NaN/);
    expect(parseSetting(key, standard), key).toEqual(standard);
  }
  const flags = SETTING_INFOS.flatMap((info) => info.flag?.split(' ')[0] ?? []);
  expect(new Set(flags).size).toBe(flags.length);
});
