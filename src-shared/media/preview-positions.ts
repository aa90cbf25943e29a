/** Places in a video that there are pictures of, spread evenly over it: 0 is the first. */
export const POSITIONS = [0, 1, 2, 3, 4] as const;
/** The scene in which a result was measured to be worst, where it was measured. */
export const WORST = POSITIONS.length;
export type Position = (typeof POSITIONS)[number] | typeof WORST;

/** The place to look at after another one; the last is followed by the first. */
export const nextPosition = (position: Position): Position => POSITIONS.find((place) => place > position) ?? 0;
