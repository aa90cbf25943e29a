/** How the views of two eyes share a video's pictures, with ffmpeg's names for Matroska's StereoMode. */

/** By the number that Matroska stores (RFC 9559, 5.1.4.1.28.3). */
const MODES =
  'mono left_right bottom_top top_bottom checkerboard_rl checkerboard_lr row_interleaved_rl row_interleaved_lr col_interleaved_rl col_interleaved_lr anaglyph_cyan_red right_left anaglyph_green_magenta block_lr block_rl'.split(
    ' ',
  );

/** By what ffprobe calls them, in the order of left eye first and right eye first. */
const PACKINGS: Record<string, [string, string]> = {
  'side by side': ['left_right', 'right_left'],
  'top and bottom': ['top_bottom', 'bottom_top'],
  checkerboard: ['checkerboard_lr', 'checkerboard_rl'],
  'interleaved lines': ['row_interleaved_lr', 'row_interleaved_rl'],
  'interleaved columns': ['col_interleaved_lr', 'col_interleaved_rl'],
};

/** The name of a number of Matroska; undefined for pictures of one view. */
export function stereoOfMode(mode: number | undefined): string | undefined {
  return mode ? (MODES[mode] ?? 'unknown') : undefined;
}

/** Returns the name of ffprobe's stereo mode; undefined for pictures of one view. */
export function stereoOf(side: Record<string, unknown> | undefined): string | undefined {
  const type = String(side?.type ?? '2D');
  if (type === '2D') return undefined;
  return PACKINGS[type]?.[side?.inverted ? 1 : 0] ?? 'unknown';
}
