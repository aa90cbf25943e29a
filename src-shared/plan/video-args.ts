import { parallelism, presetFor, qualityFor } from '../fleet/svt-av1.ts';
import type { Capabilities } from '../fleet/worker-info.ts';
import type { ContentLight, MasteringDisplay } from '../media/probe.ts';
import type { Plan } from './plan.ts';
import type { Skip } from './skip.ts';
import type { VideoEncode } from './stream-plan.ts';
import { RESULT_FORMAT } from './video-plan.ts';

/** SVT-AV1's HDR parameters; it wants plain numbers and silently clamps x265's integer units to garbage. */
function hdrParams(mastering?: MasteringDisplay, light?: ContentLight): string[] {
  const point = ([x, y]: [number, number]) => `(${x},${y})`;
  const params: string[] = [];
  if (mastering) {
    const { green, blue, red, white, maxLuminance, minLuminance } = mastering;
    params.push(
      `mastering-display=G${point(green)}B${point(blue)}R${point(red)}WP${point(white)}L(${maxLuminance},${minLuminance})`,
    );
  }
  if (light) params.push(`content-light=${light.maxCll},${light.maxFall}`);
  return params;
}

function deinterlacer({ deinterlace, fieldRate }: VideoEncode): string | undefined {
  if (!deinterlace) return undefined;
  const parity = deinterlace === 'flagged' ? '' : `parity=${deinterlace}:`;
  // Exactly two for each frame, should one of them be flagged otherwise.
  const which = deinterlace === 'flagged' && !fieldRate ? 'deint=interlaced' : `${parity}deint=all`;
  return `bwdif=mode=${fieldRate ? 'send_field' : 'send_frame'}:${which}`;
}

function cropper({ crop }: VideoEncode): string | undefined {
  if (!crop) return undefined;
  const { left, top, right, bottom, aspect } = crop;
  return `crop=iw-${left + right}:ih-${top + bottom}:${left}:${top}:exact=1,setsar=${aspect.toFixed(5)}:max=10000`;
}

/** Names that setparams knows in every ffmpeg (its 5.1), beside those that stand for nothing. */
const SETTABLE: Record<string, string> = {
  range: 'tv pc',
  color_primaries: 'bt709 bt470m bt470bg smpte170m smpte240m film bt2020 smpte428 smpte431 smpte432 ebu3213',
  color_trc:
    'bt709 bt470m bt470bg smpte170m smpte240m linear log100 log316 iec61966-2-4 bt1361e iec61966-2-1 bt2020-10 bt2020-12 smpte2084 smpte428 arib-std-b67',
  colorspace:
    'bt709 fcc bt470bg smpte170m smpte240m ycgco bt2020nc bt2020c smpte2085 chroma-derived-nc chroma-derived-c ictcp',
};

/** Sets the color description of the source's frames: decoders ignore what only the container specifies. */
function colours({ colour, fromRgb, limitRange, hideMatrix }: VideoEncode): string | undefined {
  const { range, matrix, transfer, primaries } = colour;
  const values = {
    range: limitRange ? 'pc' : fromRgb ? undefined : range,
    color_primaries: primaries,
    color_trc: transfer,
    colorspace: fromRgb ? undefined : matrix,
  };
  const set = Object.entries(values).filter(([key, value]) => value && SETTABLE[key]?.split(' ').includes(value));
  if (hideMatrix) set.push(['colorspace', 'unknown']);
  return set.length > 0 ? `setparams=${set.map((pair) => pair.join('=')).join(':')}` : undefined;
}

/** Filters applied before the encoder; a comparison has to apply the same to the source. */
export function pictureFilters(video: VideoEncode): string[] {
  return [
    colours(video),
    // Before the borders go, for a cut at an odd line would swap the fields.
    deinterlacer(video),
    cropper(video),
    video.fromRgb && 'scale=out_color_matrix=bt709:out_range=tv',
    video.limitRange && 'scale=out_range=tv',
    video.pad && 'pad=ceil(iw/2)*2:ceil(ih/2)*2',
  ].filter((filter) => typeof filter === 'string');
}

/** Input options for reading pictures: borders that the container hides are left to the plan; ffmpeg would crop them automatically. */
export function decodeArgs(caps: Capabilities): string[] {
  return caps.applyCropping ? ['-apply_cropping', 'codec'] : [];
}

/** Options that keep every frame and its time: the default drops and repeats frames of variable rate and shifts others. */
export function timingArgs(caps: Capabilities, specifier = ''): string[] {
  const mode = caps.fpsMode ? `-fps_mode${specifier}` : '-vsync';
  return [mode, 'passthrough', `-enc_time_base${specifier}`, caps.demuxTimeBase ? 'demux' : '-1'];
}

/** Explains as a sentence why this ffmpeg can't carry out the plan of a video stream; undefined when it can. */
export function whyUnable(
  { mastering, contentLight, dolbyVision }: VideoEncode,
  caps: Capabilities,
): string | undefined {
  if (dolbyVision && !caps.dolbyVisionCoding)
    return `The video is Dolby Vision, which ffmpeg ${caps.version} cannot keep; install ffmpeg 7.1 or newer and retry it.`;
  if (caps.svtav1Params || !(mastering || contentLight)) return undefined;
  return `The video is HDR10, whose values ffmpeg ${caps.version} cannot write; install ffmpeg 5.1 or newer and retry it.`;
}

/** Why this ffmpeg cannot follow a plan; undefined when it can. */
export function skipUnable({ streams }: Plan, caps: Capabilities): Skip | undefined {
  for (const stream of streams) {
    const reason = stream.action === 'encode' && whyUnable(stream, caps);
    if (reason) return { kind: 'skip', code: 'old-ffmpeg', reason };
  }
  return undefined;
}

/**
 * Output options of the `n`th video stream; `threads` are the processors for it, all that there are where left out.
 * @param first filters that come before all others
 */
export function videoArgs(
  video: VideoEncode,
  n: number,
  caps: Capabilities,
  threads?: number,
  first: readonly string[] = [],
): string[] {
  const filters = [...first, ...pictureFilters(video)];
  return [
    ...encoderArgs(video, n, caps, threads),
    ...timingArgs(caps, `:v:${n}`),
    ...(filters.length > 0 ? [`-filter:v:${n}`, filters.join(',')] : []),
  ];
}

/** Those of {@link videoArgs} that are about the encoder, for pictures that come from filters with times of their own. */
export function encoderArgs(video: VideoEncode, n: number, caps: Capabilities, threads?: number): string[] {
  const v = `:v:${n}`;
  const lp = threads !== undefined && caps.svtav1Params ? [`lp=${parallelism(caps, threads)}`] : [];
  // Not by -r, which ffmpeg 7 refuses beside passthrough, and not by a filter: the encoder reads the link's rate then.
  const rate = video.nominalRate ? [`fps-num=${video.nominalRate}`, 'fps-denom=1'] : [];
  const quality = qualityFor(caps, video.crf);
  const boost = quality.varianceBoost ? ['enable-variance-boost=1'] : [];
  const quarters = Number.isInteger(quality.crf) ? [] : [`crf=${quality.crf}`];
  const params = [...lp, ...quarters, ...boost, ...rate, ...hdrParams(video.mastering, video.contentLight)];
  return [
    `-c${v}`,
    'libsvtav1',
    `-preset${v}`,
    String(presetFor(caps, video.preset)),
    `-crf${v}`,
    String(Math.floor(quality.crf)),
    `-g${v}`,
    String(video.keyint),
    `-pix_fmt${v}`,
    RESULT_FORMAT,
    ...(video.fromRgb ? [`-colorspace${v}`, 'bt709'] : []),
    ...(video.fromRgb || video.limitRange ? [`-color_range${v}`, 'tv'] : []),
    // Newer wrappers carry the HDR10 values over on their own (ffmpeg 7.0); the same ones said again do no harm.
    // Unknown SVT-AV1 parameters only warn unless errors are made fatal.
    ...(params.length > 0 ? [`-svtav1-params${v}`, params.join(':'), `-err_detect${v}`, 'explode'] : []),
    // Metadata that belongs to the pictures as they were must not be written again.
    ...(video.baseLayer && caps.dolbyVisionCoding ? [`-dolbyvision${v}`, '0'] : []),
    ...(video.dolbyVision ? [`-dolbyvision${v}`, '1'] : []),
  ];
}
