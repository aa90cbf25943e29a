import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Command } from 'commander';
import { describeStream, formatName } from '../../src-shared/describe.ts';
import { Fault, messageOf } from '../../src-shared/errors.ts';
import { estimateSize } from '../../src-shared/estimate.ts';
import { captionArgs, encodeArgs, labelsOf, pictureArgs, teletextArgs } from '../../src-shared/ffmpeg-args.ts';
import { fitPlan } from '../../src-shared/fit-plan.ts';
import { formatBytes, formatDuration } from '../../src-shared/format.ts';
import { mainVideo, type Probe } from '../../src-shared/media.ts';
import { makePlan, type Plan, type Skip } from '../../src-shared/plan.ts';
import { resolveSettings } from '../../src-shared/settings.ts';
import { presetFor } from '../../src-shared/svt-av1.ts';
import type { Capabilities } from '../../src-shared/worker-info.ts';
import { dataPaths } from '../config.ts';
import { SettingTable } from '../db/settings.ts';
import { whyLeftAlone } from '../master/left-alone.ts';
import { LookupFiles } from '../master/lookup-files.ts';
import { targetOf } from '../master/replaceable.ts';
import { detectCapabilities } from '../media/capabilities.ts';
import { Prober } from '../media/ffprobe.ts';
import { ProcessManager } from '../media/process.ts';
import { findTools } from '../media/tools.ts';
import { addDataOption, addSettingOptions, type CommonOptions, PLAN_SETTINGS, settingFlags } from './options.ts';
import { print, printAside, printJson } from './print.ts';

/** What `flotilla plan --json` prints. */
interface Report {
  file: string;
  size: number;
  probe: Probe | null;
  plan: Plan | Skip;
  estimate: number | null;
  /** In order; most films take one. */
  commands: string[][] | null;
  /** The preset of the plan, and what the encoder here calls it. */
  preset: { asked: number; sent: number; encoder: string } | null;
}

/** `flotilla plan` */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('tell what would be done to each stream of a film and why, without doing it')
    .argument('<file>', 'the film')
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
    const base = { file, size, probe: null, estimate: null, commands: null, preset: null };
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
        plan: { kind: 'skip', code: 'unreadable', reason: `The file is not a readable film: ${messageOf(error)}` },
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
      preset: presetOf(made, caps),
      commands: commandsOf(made, file, probe, caps).map((args) => [tools.ffmpeg, ...args]),
    };
  } finally {
    await rm(notes, { recursive: true, force: true });
  }
}

/** What the encoder here calls the preset of a plan. */
function presetOf({ streams }: Plan, caps: Capabilities): Report['preset'] {
  const video = streams.find((s) => s.action === 'encode');
  const encoder = caps.svtav1 ?? 'SVT-AV1';
  return video ? { asked: video.preset, sent: presetFor(caps, video.preset), encoder } : null;
}

/** What ffmpeg is told; the names of the files between are its own in a conversion. */
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

function inWords({ file, size, probe, plan: made, estimate, commands, preset }: Report): string[] {
  const lines: string[] = [];
  const seconds = probe && (mainVideo(probe)?.duration ?? probe.duration);
  const facts = [formatBytes(size), seconds && formatDuration(seconds), probe && formatName(probe)].filter(Boolean);
  lines.push(`${path.basename(file)} (${facts.join(', ')})`);
  if (made.kind === 'skip') {
    lines.push('', `Would be left as it is. ${made.reason}`);
    const streams = probe?.streams.map((s) => `  ${describeStream(s)}`) ?? [];
    if (streams.length > 0) lines.push('', ...streams);
    return lines;
  }
  const target = path.basename(targetOf(file, made.container));
  lines.push('', `Would become ${target}, about ${formatBytes(estimate ?? size)}.`);
  if (made.containerWhy) lines.push(`It is Matroska, because ${made.containerWhy}.`);
  lines.push('');
  for (const s of made.streams) lines.push(`  ${s.from} → ${s.to}${s.why ? ` (${s.why})` : ''}`);
  if (probe?.chapters) lines.push(`  ${probe.chapters} chapters → kept`);
  if (preset && preset.asked !== preset.sent)
    lines.push('', `Preset ${preset.asked} is preset ${preset.sent} of the encoder here, ${preset.encoder}.`);
  lines.push('', commands?.length === 1 ? 'The command:' : 'The commands:');
  for (const command of commands ?? []) lines.push(`  ${command.map(quote).join(' ')}`);
  return lines;
}

/** An argument as a POSIX shell takes it. */
function quote(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
}
