/** The priorities that can be chosen, by their names. */
export const PRIORITIES = { Highest: 100, High: 10, Normal: 0, Low: -10, Lowest: -100 } as const;

/** Returns the name of a priority; one that scripts set is named like the next one towards normal. */
export function priorityLabel(priority: number): string {
  if (priority >= PRIORITIES.Highest) return 'Highest';
  if (priority > 0) return 'High';
  if (priority === 0) return 'Normal';
  return priority <= PRIORITIES.Lowest ? 'Lowest' : 'Low';
}
