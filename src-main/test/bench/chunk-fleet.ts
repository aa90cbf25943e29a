import path from 'node:path';
import { randomFrom } from '../../media/verify/windows.ts';
import { type FleetTime, simulateFleet } from './fleet/simulated-fleet.ts';
import { type Bench, measured, type Report, say } from './measure.ts';

const COMPUTERS = 10;
const [SEED, VIDEOS] = [1, 50];
/** Of the one video, in s. */
const SECONDS = 7200;
/** The shortest and the longest video of the queue, in s: an episode and a long movie. */
const [SHORTEST, LONGEST] = [1200, 7200];
/** How many times faster the computers have to be than one, with one video and with the queue: the goals are for the inverse. */
const [VIDEO_SPEED_UP, QUEUE_SPEED_UP] = [8.5, 9.7];

/** How many times faster a fleet was than one computer. */
function speedUps(name: string, one: FleetTime, all: FleetTime, goal: number): Report {
  return {
    [`${name}One`]: measured(one.converted, 's'),
    [`${name}Fleet`]: measured(all.converted, 's'),
    [`${name}SpeedUp`]: measured(one.converted / all.converted, '× one computer'),
    [`${name}AgainstOne`]: measured(all.converted / one.converted, 'of the time of one', 1 / goal),
    [`${name}WithProofSpeedUp`]: measured(one.replaced / all.replaced, '× one computer'),
    [`${name}EncodedTwice`]: measured(100 * (all.encoded / one.encoded - 1), '% of the encodes'),
  };
}

/**
 * One long video and a queue on ten simulated computers and on one. The goals are for the time until the last result was handed over to the
 * master, which proves one result after the other, or several at a time where it has more than two processors. How time is simulated
 * and what was assumed is with {@link simulateFleet} and its programs.
 */
export const chunkFleet: Bench = async (folder, options) => {
  const { seed = SEED, videos = VIDEOS, workers = COMPUTERS, seconds = SECONDS } = options;
  const random = randomFrom(seed);
  const queue = Array.from({ length: videos }, () => Math.round(SHORTEST + random() * (LONGEST - SHORTEST)));
  const parts = [
    { name: 'video', of: { videos: [seconds], sound: 'opus' }, goal: VIDEO_SPEED_UP },
    { name: 'videoWithSoundCopied', of: { videos: [seconds], sound: 'copied' }, goal: VIDEO_SPEED_UP },
    { name: 'queue', of: { videos: queue, sound: 'opus' }, goal: QUEUE_SPEED_UP },
  ] as const;
  const report: Report = {};
  let own = 0;
  for (const { name, of, goal } of parts) {
    const on = async (computers: number) => {
      say(`chunk-fleet: ${name} on ${computers}`);
      const time = await simulateFleet(path.join(folder, `${name}-${computers}`), { ...of, computers, seed });
      own += time.own;
      return time;
    };
    Object.assign(report, speedUps(name, await on(1), await on(workers), goal));
  }
  return { ...report, simulation: measured(own, 's') };
};
