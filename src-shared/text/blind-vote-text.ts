import { type BlindVotes, MIN_VOTES } from '../media/blind-votes.ts';
import { QUALITIES, type QualityChoice } from '../media/quality-target.ts';
import { textOf, wordsOf } from '../settings/setting-words.ts';
import { count } from './format.ts';

const nameOf = (quality: QualityChoice) => `“${wordsOf(textOf('quality') ?? { label: 'Quality' }, quality)}”`;

/** What was said in blind comparisons at the quality that is asked for. */
export function votesText({ source, result, same, quality }: BlindVotes): string {
  const votes = source + result + same;
  const said = `${count(votes, 'vote')} at ${nameOf(quality)}: the source looked better in ${source}, the result in ${result}, and ${same} showed no difference.`;
  return votes < MIN_VOTES ? `${said} After ${MIN_VOTES}, Flotilla suggests a quality.` : said;
}

/** What votes suggest; undefined where that is what is asked for already. */
export function suggestionText({ quality, suggestion }: BlindVotes): string | undefined {
  if (!suggestion) return undefined;
  const isBetter = QUALITIES.indexOf(suggestion) < QUALITIES.indexOf(quality);
  return `You ${isBetter ? 'see the' : 'hardly see a'} difference, so ${nameOf(suggestion)} may suit you better.`;
}
