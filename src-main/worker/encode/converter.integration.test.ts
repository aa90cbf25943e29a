import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../src-shared/jobs/lease.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { fitPlan } from '../../../src-shared/plan/fit-plan.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { Settings } from '../../../src-shared/settings/settings.ts';
import { detectCapabilities } from '../../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import { makeClip } from '../../test/support/clips.ts';
import { which } from '../../test/support/ffmpeg.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { Converter, type ConverterWork } from './converter.ts';

/** An ffprobe that notes each reading of packets and of key frames, and fails where the other does not begin within ten seconds. */
function makeProbe(folder: string) {
  const [ffprobe, list] = [path.join(folder, 'ffprobe'), path.join(folder, 'readings')];
  writeFileSync(list, '');
  writeFileSync(
    ffprobe,
    `#!/bin/sh
case "$*" in
  *nokey*) kind=keys other=packets;;
  *packet=stream_index*/clip.mkv) kind=packets other=keys;;
  *) exec '${which('ffprobe')}' "$@";;
esac
echo $kind >> '${list}'
for i in $(seq 200); do
  grep -q $other '${list}' && exec '${which('ffprobe')}' "$@"
  sleep 0.05
done
exit 1
`,
    { mode: 0o755 },
  );
  return { ffprobe, readings: () => readFileSync(list, 'utf8').split('\n').filter(Boolean).sort() };
}

describe.skipIf(process.platform === 'win32')('Converter', () => {
  it('reads packets and key frames of an original at the same time, ahead of the conversion, and only once', async () => {
    const folder = tempFolder();
    const { ffprobe, readings } = makeProbe(folder);
    const [tools, processes] = [{ ffmpeg: 'ffmpeg', ffprobe }, await ProcessManager.create(path.join(folder, 'notes'))];
    const caps = await detectCapabilities(processes, tools);
    const file = makeClip(path.join(folder, 'clip.mkv'), { seconds: 1 });
    const probe = await new Prober(processes, { ...tools, ffprobe: 'ffprobe' }, async () => caps).probe(file);
    const settings = Settings.parse({ minSavings: 0, preset: 13, crf: 50, quality: 'table' });
    const wanted = makePlan(probe, settings, DEFAULT_TABLES);
    const plan = wanted.kind === 'skip' ? wanted : fitPlan(wanted, probe, { caps }, settings);
    if (plan.kind === 'skip') throw new Error(plan.reason);
    const grant: Grant = {
      ...{ task: 1, epoch: 1, file: 1, library: 1, path: 'clip.mkv', version: '1', size: statSync(file).size },
      ...{ plan, probe, uselessAt: 1e9, priority: { nice: 0, ionice: 0 }, convertDamaged: false },
    };
    const timelines = new Timelines(processes, tools);
    const converter = new Converter({ processes, tools, caps: async () => caps, timelines });
    const work: ConverterWork = {
      folder: mkdtempSync(path.join(folder, 'lease-')),
      signal: new AbortController().signal,
      report: () => undefined,
    };
    await converter.prepare(grant, file, work);
    expect(readings()).toEqual(['keys', 'packets']);
    expect((await converter.convert(grant, file, work)).kind).toBe('result');
    expect(readings()).toEqual(['keys', 'packets']);
  });
});
