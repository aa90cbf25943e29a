import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Command } from 'commander';
import { presetFor, qualityFor } from '../../src-shared/fleet/svt-av1.ts';
import type { Capabilities } from '../../src-shared/fleet/worker-info.ts';
import { describeStream, formatName } from '../../src-shared/media/describe.ts';
import { type Probe, pictureSeconds } from '../../src-shared/media/probe.ts';
import { captionArgs, teletextArgs } from '../../src-shared/plan/caption-args.ts';
import { estimateSize } from '../../src-shared/plan/estimate.ts';
import { encodeArgs, labelsOf, pictureArgs } from '../../src-shared/plan/ffmpeg-args.ts';
import { fitPlan } from '../../src-shared/plan/fit-plan.ts';
import { makePlan, type Plan } from '../../src-shared/plan/plan.ts';
import type { Skip } from '../../src-shared/plan/skip.ts';
import { resolveSettings } from '../../src-shared/settings/settings.ts';
import { commandLine } from '../../src-shared/text/command-line.ts';
import { formatBytes, formatDuration } from '../../src-shared/text/format.ts';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';
import { SettingTable } from '../db/tables/settings.ts';
import { whyLeftAlone } from '../master/files/left-alone.ts';
import { targetOf } from '../master/files/replaceable.ts';
import { LookupFiles } from '../master/library/lookup-tables.ts';
import { detectCapabilities } from '../media/ffmpeg/capabilities.ts';
import { findTools } from '../media/ffmpeg/find-tools.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { Prober } from '../media/probe/ffprobe.ts';
import { dataPaths } from '../platform/data-paths.ts';
import { addDataOption, addSettingOptions, type CommonOptions, PLAN_SETTINGS, settingFlags } from './options.ts';
import { print, printAside, printJson } from './print.ts';

/** What `flotilla plan --json` prints. */
interface Report {
  file: string;
  size: number;
  probe: Probe | null;
  plan: Plan | Skip;
  estimate: number | null;
  /** In order; most videos take one. */
  commands: string[][] | null;
  /** The preset of the plan, and what the encoder here calls it. */
  preset: { asked: number; sent: number; encoder: string } | null;
  /** The CRF of the plan, and the one that stands for it here. */
  crf: { asked: number; sent: number; varianceBoost: boolean } | null;
}

/** `flotilla plan` */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('show what would be done to each stream of a video and why, without doing it')
    .argument('<file>', 'the video')
    .option('--json', 'as JSON')
    .action(async (file: string, options: CommonOptions & { json?: true }) => {
      const report = await plan(path.resolve(file), options);
      if (options.json) printJson(report);
      else print(...inWords(report));
    });
  return addDataOption(addSettingOptions(command, PLAN_SETTINGS));
}

async function plan(file: string, options: CommonOptions): Promise<Report> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  if (!found?.isFile()) throw new Fault('usage', `There is no file ${file}.`);
  const { values } = resolveSettings({
    flags: settingFlags(options),
    env: process.env,
    stored: storedSettings(options.data),
  });
  const { tables } = await LookupFiles.open(options.data, (sentence) => printAside(`${sentence}`));
  const tools = findTools(values.ffmpegPath);
  const notes = await mkdtemp(path.join(os.tmpdir(), 'flotilla-plan-'));
  try {
    const processes = await ProcessManager.create(notes);
    const caps = await detectCapabilities(processes, tools);
    const size = Number(found.size);
    const base = { file, size, probe: null, estimate: null, commands: null, preset: null, crf: null };
    const aside = await whyLeftAlone(file, found);
    if (aside) return { ...base, plan: { kind: 'skip', ...aside } };
    if (size === 0) return { ...base, plan: { kind: 'skip', code: 'empty', reason: 'The file is empty.' } };
    let probe: Probe;
    try {
      probe = await new Prober(processes, tools, async () => caps).probe(file);
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      return {
        ...base,
        plan: { kind: 'skip', code: 'unreadable', reason: `The file isn't a readable video: ${messageOf(error)}` },
      };
    }
    const wanted = makePlan(probe, values, tables);
    const made = wanted.kind === 'convert' ? fitPlan(wanted, probe, { caps }, values) : wanted;
    if (made.kind === 'skip') return { ...base, probe, plan: made };
    return {
      ...base,
      probe,
      plan: made,
      estimate: estimateSize(probe, made, size),
      ...sentFor(made, caps),
      commands: commandsOf(made, file, probe, caps).map((args) => [tools.ffmpeg, ...args]),
    };
  } finally {
    await rm(notes, { recursive: true, force: true });
  }
}

/** The preset and CRF passed to the encoder here for those of a plan. */
function sentFor({ streams }: Plan, caps: Capabilities): Pick<Report, 'preset' | 'crf'> {
  const video = streams.find((s) => s.action === 'encode');
  if (!video) return { preset: null, crf: null };
  const { crf, varianceBoost } = qualityFor(caps, video.crf);
  const preset = presetFor(caps, video.preset);
  return {
    preset: { asked: video.preset, sent: preset, encoder: caps.svtav1 ?? 'SVT-AV1' },
    crf: { asked: video.crf, sent: crf, varianceBoost },
  };
}

/** Returns the ffmpeg commands of a conversion, which names the intermediate files itself. */
function commandsOf(made: Plan, input: string, probe: Probe, caps: Capabilities): string[][] {
  const covers = made.streams.filter((s) => s.action === 'cover').map((s) => `cover-${s.source}`);
  const captions = made.streams.some((s) => s.action === 'captions') && { path: 'captions.srt', offset: 0 };
  const pages = made.streams.filter((s) => s.action === 'teletext');
  const pictures = pictureArgs(made, input, 'pictures.mp4', caps);
  const files = {
    input,
    output: targetOf(input, made.container),
    covers,
    ...(captions && { captions }),
    teletext: pages.map(({ page }) => ({ path: `teletext-${page}.srt`, offset: 0 })),
    ...(pictures && { pictures: { path: 'pictures.mp4', offset: 0 } }),
  };
  return [
    ...(captions ? [captionArgs(made, input, captions.path, 'captions.raw')] : []),
    ...pages.flatMap((page) => [true, false].map((ended) => teletextArgs(made.demuxer, input, page, ended))),
    ...(pictures ? [pictures] : []),
    encodeArgs(made, files, caps, labelsOf(probe)),
  ];
}

function storedSettings(dataDir: string) {
  const { database } = dataPaths(dataDir);
  if (!existsSync(database)) return {};
  const db = new Database(database, { readonly: true });
  try {
    return new SettingTable(db).all();
  } finally {
    db.close();
  }
}

function inWords({ file, size, probe, plan: made, estimate, commands, preset, crf }: Report): string[] {
  const lines: string[] = [];
  const seconds = probe && pictureSeconds(probe);
  const facts = [formatBytes(size), seconds && formatDuration(seconds), probe && formatName(probe)].filter(Boolean);
  lines.push(`${path.basename(file)} (${facts.join(', ')})`);
  if (made.kind === 'skip') {
    lines.push('', `Would be skipped. ${made.reason}`);
    const streams = probe?.streams.map((s) => `  ${describeStream(s)}`) ?? [];
    if (streams.length > 0) lines.push('', ...streams);
    return lines;
  }
  const target = path.basename(targetOf(file, made.container));
  lines.push('', `Would become ${target}, about ${formatBytes(estimate ?? size)}.`);
  if (made.containerWhy) lines.push(`The result is Matroska, because ${made.containerWhy}.`);
  lines.push('');
  for (const s of made.streams) lines.push(`  ${s.from} → ${s.to}${s.why ? ` (${s.why})` : ''}`);
  if (probe?.chapters) lines.push(`  ${probe.chapters} chapters → kept`);
  if (made.tagsLost) lines.push(`  ${made.tagsLost}`);
  if (preset && preset.asked !== preset.sent)
    lines.push('', `Preset ${preset.asked} is preset ${preset.sent} of the encoder here, ${preset.encoder}.`);
  if (crf?.varianceBoost)
    lines.push(
      '',
      `It uses variance boost at CRF ${crf.sent}, whose files are as large as at CRF ${crf.asked} without.`,
    );
  lines.push('', commands?.length === 1 ? 'The command:' : 'The commands:');
  for (const command of commands ?? []) lines.push(`  ${commandLine(command, process.platform === 'win32')}`);
  return lines;
}
