import { z } from 'zod';

const Bounds = z.object({ x: z.int(), y: z.int(), width: z.int().positive(), height: z.int().positive() });

/** State of the shell that is kept between starts. */
export const Remembered = z.object({
  bounds: Bounds.nullable().default(null),
  maximized: z.boolean().default(false),
  /** The user was notified that a closed window does not end the program. */
  closingExplained: z.boolean().default(false),
});
export type Remembered = z.infer<typeof Remembered>;
export type Bounds = z.infer<typeof Bounds>;

/** Smallest part of the head of a window that can be taken hold of, in pixels. */
const GRIP = { width: 120, height: 24 };

/** Returns where to open the previous window; undefined if its title bar would be on no current screen. */
export function visibleBounds(bounds: Bounds | null, screens: Bounds[]): Bounds | undefined {
  if (!bounds) return undefined;
  const seen = screens.some((screen) => {
    const width = Math.min(bounds.x + bounds.width, screen.x + screen.width) - Math.max(bounds.x, screen.x);
    const fromTop = bounds.y - screen.y;
    return width >= GRIP.width && fromTop >= 0 && fromTop <= screen.height - GRIP.height;
  });
  return seen ? bounds : undefined;
}
