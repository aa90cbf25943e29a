import { expect, it } from 'vitest';
import { suggestionText, votesText } from './blind-vote-text.ts';

const votes = { source: 1, result: 0, same: 9, quality: 'balanced' as const, suggestion: null };

it('votes are summed up, with how many more are needed for a suggestion', () => {
  expect(votesText(votes)).toBe(
    '10 votes at “Balanced”: the source looked better in 1, the result in 0, and 9 showed no difference.',
  );
  expect(votesText({ ...votes, same: 0 })).toMatch(/^1 vote at .* After 5, Flotilla suggests a quality\.$/);
});

it('a smaller quality is suggested to those who hardly see a difference, a better one to those who do', () => {
  expect(suggestionText(votes)).toBeUndefined();
  // The source was recognized once, which is no reason for a smaller one.
  expect(suggestionText({ ...votes, suggestion: 'small' })).toBe(
    'You hardly see a difference, so “Small files” may suit you better.',
  );
  expect(suggestionText({ ...votes, source: 9, same: 1, suggestion: 'transparent' })).toMatch(
    /^You see the difference, /,
  );
});
