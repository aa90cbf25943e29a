import { kindName, type VideoKind } from '../../media/video-kind.ts';

/** A number that was measured on a video of some kind. */
export interface Measured {
  kind: VideoKind;
  value: number;
}

/** How much videos usually differ, as standard deviations of the measured number. */
export interface Spread {
  /** Of videos of one kind. */
  within: number;
  /** Of a kind from the wider class that it belongs to. */
  between: number;
  /** Expected mean before any measurement, and its error; left out if nothing is expected. */
  prior?: { mean: number; error: number };
}

/** Weight of one video in a sum. */
export interface Part {
  kind: VideoKind;
  weight: number;
}

/** Videos measured that the usual spread within a kind is worth: more of them, and their own counts for more. */
const SPREAD_WEIGHT = 10;

/** A class of videos of which some were measured. */
interface Node {
  parent: Node | undefined;
  /** Measured on videos of this very kind; none for wider classes, which learn from their kinds. */
  values: number[];
  /** Mean of its measurements alone, and the variance of that mean. */
  own: { mean: number; variance: number };
  /** How much they count; the rest is its parent's mean. */
  trust: number;
  mean: number;
}

/** From the widest class to the kind itself. */
const classesOf = (kind: VideoKind): string[] => ['all', `${kind.codec} ${kind.resolution}`, kindName(kind)];

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Means of a number by kind of video, by partial pooling: a kind of which little was measured is taken for something between its
 * own mean and that of the wider class that it belongs to (Gelman and Hill, Data Analysis Using Regression, chapter 12).
 */
export class PooledMeans {
  readonly #spread: Spread;
  /** Parents before their children, as a map keeps the order of insertion. */
  readonly #nodes = new Map<string, Node>();
  /** Standard deviation of one video from the mean of its kind. */
  readonly within: number;
  /** Videos measured. */
  readonly count: number;

  constructor(measured: readonly Measured[], spread: Spread) {
    this.#spread = spread;
    this.count = measured.length;
    for (const { kind, value } of measured) {
      let parent: Node | undefined;
      for (const name of classesOf(kind)) {
        const node: Node = this.#nodes.get(name) ?? {
          ...{ parent, values: [], trust: 0, mean: 0 },
          own: { mean: 0, variance: Number.POSITIVE_INFINITY },
        };
        this.#nodes.set(name, node);
        parent = node;
      }
      parent?.values.push(value);
    }
    this.within = this.#residual();
    const nodes = [...this.#nodes.values()];
    for (const node of nodes.toReversed()) node.own = this.#ownOf(node, nodes);
    for (const node of nodes) {
      node.trust = this.#trustOf(node);
      const above = node.parent?.mean ?? spread.prior?.mean ?? 0;
      node.mean = node.trust * node.own.mean + (1 - node.trust) * above;
    }
  }

  /** The mean of a kind; undefined where nothing is known at all. */
  at(kind: VideoKind): number | undefined {
    const node = this.#nearest(kind);
    return node?.mean ?? this.#spread.prior?.mean;
  }

  /** How many videos of this very kind were measured. */
  countOf(kind: VideoKind): number {
    return this.#nodes.get(kindName(kind))?.values.length ?? 0;
  }

  /**
   * How far a weighted sum over videos may be wrong, as a standard deviation: errors of one mean hit all videos of its kind alike,
   * while the videos' own deviations cancel out.
   */
  sumError(parts: readonly Part[]): number {
    const own = parts.reduce((sum, { weight }) => sum + (weight * this.within) ** 2, 0);
    const shares = new Map<Node, number>();
    let variance = own;
    let unknown = 0;
    for (const [kind, weight] of byKind(parts)) {
      const classes = classesOf(kind);
      const node = this.#nearest(kind);
      // Each wider class that stands in for one that was never measured may differ from it.
      const missing = classes.filter((name) => !this.#nodes.has(name)).length;
      variance += missing * (weight * this.#spread.between) ** 2;
      if (node) shares.set(node, (shares.get(node) ?? 0) + weight);
      else unknown += weight;
    }
    // Children first, so that what each leaves to its parent is complete when the parent's turn comes.
    for (const node of [...this.#nodes.values()].toReversed()) {
      const share = shares.get(node) ?? 0;
      variance += share ** 2 * node.trust * node.own.variance;
      const rest = share * (1 - node.trust);
      if (node.parent) shares.set(node.parent, (shares.get(node.parent) ?? 0) + rest);
    }
    return Math.sqrt(variance + (unknown * (this.#spread.prior?.error ?? 0)) ** 2);
  }

  #nearest(kind: VideoKind): Node | undefined {
    return classesOf(kind)
      .map((name) => this.#nodes.get(name))
      .findLast((node) => node !== undefined);
  }

  /** Mean and variance of a class from its measured kinds, each of which may differ from it. */
  #ownOf(node: Node, nodes: readonly Node[]): Node['own'] {
    if (node.values.length > 0) return { mean: meanOf(node.values), variance: this.within ** 2 / node.values.length };
    const parts = nodes
      .filter(({ parent }) => parent === node)
      .map(({ own }) => ({ mean: own.mean, precision: 1 / (own.variance + this.#spread.between ** 2) }));
    const precision = parts.reduce((sum, part) => sum + part.precision, 0);
    const mean = parts.reduce((sum, part) => sum + part.mean * part.precision, 0) / precision;
    return { mean, variance: 1 / precision };
  }

  #trustOf({ parent, own }: Node): number {
    const { between, prior } = this.#spread;
    if (!parent && !prior) return 1;
    const other = (parent ? between : (prior?.error ?? 0)) ** 2;
    return other / (other + own.variance);
  }

  #residual(): number {
    const kinds = [...this.#nodes.values()].filter(({ values }) => values.length > 0);
    const squares = kinds.reduce((sum, { values }) => {
      const mean = meanOf(values);
      return sum + values.reduce((part, value) => part + (value - mean) ** 2, 0);
    }, 0);
    const degrees = this.count - kinds.length;
    return Math.sqrt((SPREAD_WEIGHT * this.#spread.within ** 2 + squares) / (SPREAD_WEIGHT + degrees));
  }
}

/** Adds up the weights of each kind. */
function byKind(parts: readonly Part[]): [VideoKind, number][] {
  const sums = new Map<string, [VideoKind, number]>();
  for (const { kind, weight } of parts) {
    const name = kindName(kind);
    sums.set(name, [kind, (sums.get(name)?.[1] ?? 0) + weight]);
  }
  return [...sums.values()];
}
