/** ffmpeg's names of the code points of ITU-T H.273, which containers store as numbers. */
import type { Colour } from '../../../src-shared/media/probe.ts';

/** Clause 8.1, ColourPrimaries. */
const PRIMARIES: Record<number, string> = {
  1: 'bt709',
  4: 'bt470m',
  5: 'bt470bg',
  6: 'smpte170m',
  7: 'smpte240m',
  8: 'film',
  9: 'bt2020',
  10: 'smpte428',
  11: 'smpte431',
  12: 'smpte432',
  22: 'ebu3213',
};

/** Clause 8.2, TransferCharacteristics. */
const TRANSFERS: Record<number, string> = {
  1: 'bt709',
  4: 'bt470m',
  5: 'bt470bg',
  6: 'smpte170m',
  7: 'smpte240m',
  8: 'linear',
  9: 'log100',
  10: 'log316',
  11: 'iec61966-2-4',
  12: 'bt1361e',
  13: 'iec61966-2-1',
  14: 'bt2020-10',
  15: 'bt2020-12',
  16: 'smpte2084',
  17: 'smpte428',
  18: 'arib-std-b67',
};

/** Clause 8.3, MatrixCoefficients. */
const MATRICES: Record<number, string> = {
  0: 'gbr',
  1: 'bt709',
  4: 'fcc',
  5: 'bt470bg',
  6: 'smpte170m',
  7: 'smpte240m',
  8: 'ycgco',
  9: 'bt2020nc',
  10: 'bt2020c',
  11: 'smpte2085',
  12: 'chroma-derived-nc',
  13: 'chroma-derived-c',
  14: 'ictcp',
};

/** A color description from its code points; those that are unspecified, reserved or absent are left out. */
export function colourOf(points: {
  primaries?: number | undefined;
  transfer?: number | undefined;
  matrix?: number | undefined;
  range?: 'tv' | 'pc' | undefined;
}): Colour {
  const matrix = MATRICES[points.matrix ?? 2];
  const transfer = TRANSFERS[points.transfer ?? 2];
  const primaries = PRIMARIES[points.primaries ?? 2];
  const { range } = points;
  return {
    ...(range && { range }),
    ...(matrix && { matrix }),
    ...(transfer && { transfer }),
    ...(primaries && { primaries }),
  };
}
