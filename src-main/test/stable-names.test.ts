/**
 * The names that scripts, containers, and people use. They are a promise: a name here never disappears. If something is renamed, its old
 * name stays as an alias; if something is added, its name is added here.
 */
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { CONTRACT } from '../../src-shared/contract/index.ts';
import { SETTING_INFOS } from '../../src-shared/settings/settings.ts';
import { makeProgram } from '../cli/main.ts';

/** Flags by command. */
const FLAGS: Record<string, string> = {
  backup: '--data --overwrite',
  chunks: '--all-computers --data --json --no-all-computers',
  convert:
    '--accept-missing --container --convert-damaged --crf --data --data-streams --dry-run --dynamic-hdr --ffmpeg ' +
    '--ionice --jobs --json --min-savings --nice --order --preset --quality --retry --settle --skip-audio-transcode ' +
    '--samples --take-over --temp --testing --vault-days',
  doctor: '--data --ffmpeg --json',
  files: '--code --data --json --state',
  'forget-password': '--data',
  health: '--data',
  invite: '--data --json --minutes',
  logs: '--data --follow --json --lines -f -n',
  masters: '--data --json --seconds',
  'metrics-token': '--data --new --remove',
  'pair approve': '--data',
  'pair list': '--data --json',
  'pair refuse': '--data',
  plan:
    '--container --convert-damaged --crf --data --data-streams --dynamic-hdr --ffmpeg --json --preset --quality ' +
    '--skip-audio-transcode',
  restore: '--all --data',
  'restore-db': '--data',
  serve:
    '--container --convert-damaged --crf --data --data-streams --dynamic-hdr --ffmpeg --ionice --jobs --lan-port ' +
    '--lead --listen --log-level --min-savings --name --nice --order --port --preset --quality --settle ' +
    '--skip-audio-transcode --temp --testing --vault-days',
  'service install': '--data --dry-run --set --user',
  'service remove': '',
  'vault history': '--data',
  'vault list': '--data --json',
  'vault purge': '--all --data --dry-run',
  worker: '--bandwidth --data --ffmpeg --forget --hours --jobs --log-level --master --name --rules --temp --token',
  'workers drain': '--data',
  'workers list': '--data --json',
  'workers pause': '--data',
  'workers remove': '--data',
  'workers resume': '--data',
  'workers set': '--bandwidth --data --hours --jobs --name --rules --temp',
};

/** Environment variables of flags and settings. */
const VARIABLES = `
  AUTO_UPDATE BANDWIDTH BASE_PATH DATA_DIR FFMPEG_PATH FILE_DISTRIBUTION_MODE FILE_ORDER HOST_NAMES IONICE_CLASS
  JOBS JOIN_TOKEN LAN_PORT LEAD LISTEN LOG_LEVEL MASTER_URL MEDIA_DIRS NICE_LEVEL NODE_NAME PATH_MAPPINGS QUALITY
  SKIP_AUDIO_TRANSCODE SKIP_AV1_FILES SVT_AV1_PRESET TEMP_DIR TESTING_MODE TRUSTED_PROXIES WEB_PORT WORK_HOURS
  WORK_RULES
`;

/** Keys of settings, in the API and in the database. */
const SETTINGS = `
  autoUpdate bandwidth basePath container convertDamaged crf dataStreams deinterlace dynamicHdr ffmpegPath
  fileDistribution fileOrder hostNames hours ioniceClass jobs lanPort lead listen logLevel maxCrf mediaDirs minCrf minSavings
  niceLevel nodeName objectAudio pathMappings preset quality rescanMinutes rules settleMinutes skipAudioTranscode
  skipAv1Files skipHardLinked tempDir testingMode trustedProxies vaultDays webPort
`;

/** Calls of the API. */
const CALLS = `
  about access.createToken access.get access.removeToken access.setPassword access.signOut backup.cancelRestore
  chunk.beat chunk.finish chunk.lease chunk.list chunk.next chunk.offer
  backup.get file.allComputers file.estimates file.measure forecast.get forecast.measure forecast.stop history.list library.preview library.space log.list queue.unpin doctor file.cancel
  file.count file.forget file.get file.list file.page file.priority file.reencode file.retry file.sample
  file.folders file.skip file.stopSample file.tally file.vote file.votes folder.list hello invite.create invite.prove invite.redeem job.attach
  job.beat job.deliver job.finish job.lease job.log job.progress library.add library.dryRun library.list
  library.release library.remove library.resume library.scan library.sentinel library.storage library.takeOver
  live.snapshot master.get master.join master.leave master.search master.tune pair.approve pair.ask pair.list
  pair.refuse pair.reveal pair.wait queue.list queue.move queue.pause queue.resume queue.summary settings.get
  settings.set setup.get setup.set stats.get status table.get table.set vault.history vault.list vault.purge
  vault.restore vault.tally worker.drain worker.list worker.pause worker.prove worker.remove worker.resume
  worker.set worker.tune
`;

const words = (text: string) => text.split(/\s+/).filter(Boolean).sort();

/** Returns the commands that do something, by their full name. */
function commandsOf(command: Command, prefix = ''): [string, Command][] {
  return command.commands.flatMap((sub) => {
    const name = prefix + sub.name();
    return sub.commands.length > 0 ? commandsOf(sub, `${name} `) : [[name, sub] as [string, Command]];
  });
}

const COMMANDS = new Map(commandsOf(makeProgram(() => undefined)));

it('the command line has the commands that are promised', () => {
  expect([...COMMANDS.keys()].sort()).toEqual(Object.keys(FLAGS).sort());
});

it.each(Object.entries(FLAGS))('flotilla %s has the flags that are promised', (name, flags) => {
  const options = COMMANDS.get(name)?.options ?? [];
  expect(options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined)).sort()).toEqual(
    words(flags),
  );
});

it('the environment variables are those that are promised', () => {
  const ofFlags = [...COMMANDS.values()].flatMap(({ options }) => options.map(({ envVar }) => envVar));
  const all = [...ofFlags, ...SETTING_INFOS.map(({ env }) => env)].filter((name) => name !== undefined);
  expect([...new Set(all)].sort()).toEqual(words(VARIABLES));
});

it('the setting keys are those that are promised', () => {
  expect(SETTING_INFOS.map(({ key }) => key).sort()).toEqual(words(SETTINGS));
});

it('the API calls are those that are promised', () => {
  expect(Object.keys(CONTRACT).sort()).toEqual(words(CALLS));
});
