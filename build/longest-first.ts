import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, the longest first: begun last, one of them would run alone at the end. */
const LONGEST = [
  ...['odd-media', 'real-media', 'faults', 'cli', 'stream-fidelity', 'crash', 'api', 'fleet', 'scan', 'dolby-vision'],
  ...[
    'chunk-encoder.integration',
    'desktop',
    'join',
    'proof-long',
    'pictures',
    'versions',
    'quality-search.integration',
  ],
];

/** Starts the files that take longest first. A first run has no durations to sort by, and their sizes say little. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
