import { codecName, describeStream } from '../media/describe.ts';
import { staticRange, type VideoStream } from '../media/probe.ts';
import { lookupCrf, type Tables } from '../media/quality.ts';
import type { Settings } from '../settings/settings.ts';
import type { VideoEncode } from './stream-plan.ts';

/** SVT-AV1's smallest side (its own error message: "Source Width must be at least 64"). */
export const MIN_SIDE = 64;
/** SVT-AV1's largest picture (its own limits, EbSvtAv1Enc.h). */
export const MAX_WIDTH = 16_384;
export const MAX_HEIGHT = 8_704;
/** SVT-AV1's highest rate (its own error message: "The maximum allowed frame rate is 240 fps"). */
const HIGHEST_RATE = 240;
/** Maximum distance of key frames, in s, so that players can seek. */
const KEYFRAME_SECONDS = 10;

/** Pixel format of every result: 10 bits compress better even from 8, and every AV1 decoder of the main profile takes them. */
export const RESULT_FORMAT = 'yuv420p10le';

const RGB = /^(gbr|rgb|bgr|argb|abgr|0rgb|0bgr|x2rgb|x2bgr|pal8)/;
/** Pixel formats whose name says that they carry transparency. */
export const ALPHA = /^(yuva|ayuv|vuya|gbrap|rgba|bgra|argb|abgr|ya8|ya16|yaf)/;

/** RGB is described by this matrix, and needs as many chroma samples as luma samples (H.273, 8.3). */
const RGB_MATRIX = 'gbr';

/** True when a video is wrongly described as RGB: its chroma has fewer samples. */
function hasFalseMatrix({ colour, pixelFormat = '' }: VideoStream): boolean {
  return colour?.matrix === RGB_MATRIX && SUBSAMPLED.test(pixelFormat);
}
const SUBSAMPLED = /^(yuvj?4(20|22|11|10|40)|nv(12|16|20|21)|p[02]1|gray)/;

function rateOf(video: VideoStream): { keyint: number; nominalRate?: number } {
  const fps = video.frameRate ?? 24;
  const tooFast = fps > HIGHEST_RATE || (video.maxFrameRate ?? 0) > HIGHEST_RATE;
  const keyint = Math.max(1, Math.round(Math.min(fps, HIGHEST_RATE) * KEYFRAME_SECONDS));
  return tooFast ? { keyint, nominalRate: 60 } : { keyint };
}

/** What of the picture is changed to fit 10-bit 4:2:0, in words; empty when nothing is lost. */
function chromaChanges(pixelFormat: string): string[] {
  const changes: string[] = [];
  if (RGB.test(pixelFormat)) changes.push('RGB becomes BT.709 with 4:2:0 chroma');
  else if (/^yuvj?444|^nv24|^nv42|^p4/.test(pixelFormat)) changes.push('4:4:4 chroma becomes 4:2:0');
  else if (/^yuvj?4(22|40|11|10)|^(yuyv|yvyu|uyvy)422|^uyyvyy411|^nv16|^nv20|^p2|^y21/.test(pixelFormat))
    changes.push('its chroma becomes 4:2:0');
  if (/(12|14|16|48|f32)(le|be)$/.test(pixelFormat)) changes.push('more than 10 bits become 10 bits');
  return changes;
}

/** Degrees by which ffprobe's number may be less than the real one, as it cuts off the fraction. */
const CUT_OFF = 1;

/** True when the picture lies on its side and is stored upright. */
export function isTurned({ rotation = 0 }: VideoStream): boolean {
  const beyond = Math.abs(rotation % 180);
  return beyond <= 90 && beyond >= 90 - CUT_OFF;
}

/** True when the picture is turned by no multiple of 90°, to which ffmpeg adds black corners, and cuts off those of the picture. */
export function isTilted({ rotation = 0 }: VideoStream): boolean {
  const beyond = Math.abs(rotation % 90);
  return beyond > 0 && beyond < 90 - CUT_OFF;
}

/** Size of the displayed picture, before rotation. */
export function visibleSize({ width, height, crop }: VideoStream): { width: number; height: number } {
  if (!crop) return { width, height };
  return { width: width - crop.left - crop.right, height: height - crop.top - crop.bottom };
}

/**
 * The compatibility id of the Dolby Vision profile 10 that a video can become, as SVT-AV1's wrapper derives it from the
 * colors (ffmpeg, dovi_rpuenc.c); undefined where its metadata cannot be kept. Each id stands for one transfer function.
 */
export function keptDolbyVision({ dolbyVision, colour = {} }: VideoStream): VideoEncode['dolbyVision'] {
  if (dolbyVision?.profile !== 8 || dolbyVision.enhanced) return undefined;
  if (colour.matrix !== 'bt2020nc' || colour.primaries !== 'bt2020') return undefined;
  if (dolbyVision.compatibility === 1 && colour.transfer === 'smpte2084') return 1;
  if (dolbyVision.compatibility === 4 && colour.transfer === 'arib-std-b67') return 4;
  return undefined;
}

/** What of a conversion moves the picture within its frame, of which Dolby Vision's metadata names parts. */
export function movesPicture(video: VideoStream): string | undefined {
  const { width, height } = visibleSize(video);
  if (video.crop) return 'the borders that its container hides would be cut off';
  if (width % 2 === 1 || height % 2 === 1) return 'its odd size would be padded';
  return deinterlacing(video) && 'its fields would become whole pictures';
}

/** Metadata that changes from scene to scene and is dropped, in words. */
function dynamicLosses(video: VideoStream): string[] {
  const { dolbyVision, hdr10Plus, dynamicHdr } = video;
  const lost = [
    dolbyVision && `Dolby Vision ${dolbyVision.profile}.${dolbyVision.compatibility}`,
    hdr10Plus && 'HDR10+',
    dynamicHdr,
  ];
  const names = lost.filter(Boolean).join(' and ');
  return names ? [`its ${names} metadata is dropped, its ${staticRange(video)} base layer is kept`] : [];
}

/** The measured fields decide; where they are not clear, the flags do. */
function deinterlacing({ interlaced = 0, fields }: VideoStream): VideoEncode['deinterlace'] {
  if (fields === 'progressive') return undefined;
  return interlaced > 0 ? 'flagged' : fields;
}

/** Whether every picture is made of fields: a mix with whole pictures has no rate of fields. */
function throughout({ interlaced = 0 }: VideoStream, deinterlace: VideoEncode['deinterlace']): boolean {
  return deinterlace === 'flagged' ? interlaced === 1 : deinterlace !== undefined;
}

/** Explains as a sentence why a video that changes is left alone. @param change the change, in words */
export function changeReason(change: string): string {
  return `It changes ${change} mid-video, but a result has one for all of it.`;
}

/** Describes what a video stream becomes. */
export function encodeWords({
  width,
  height,
  crf,
  preset,
  target,
}: Pick<VideoEncode, 'width' | 'height' | 'crf' | 'preset' | 'target'>): string {
  const quality = target ? `${target.value} dB XPSNR (about CRF ${crf})` : `CRF ${crf}`;
  return `${codecName('av1')} ${width}x${height}, ${quality}, preset ${preset}`;
}

/** How a video stream is encoded. */
export function planVideo(video: VideoStream, settings: Settings, tables: Tables): VideoEncode {
  const pixelFormat = video.pixelFormat ?? '';
  const fromRgb = RGB.test(pixelFormat);
  const even = (side: number) => side + (side % 2);
  const seen = visibleSize(video);
  const [width, height] = isTurned(video) ? [seen.height, seen.width] : [seen.width, seen.height];
  const pad = width % 2 === 1 || height % 2 === 1;
  const deinterlace = deinterlacing(video);
  const fieldRate = settings.deinterlace === 'field' && throughout(video, deinterlace);
  const crf = settings.crf ?? lookupCrf(tables.quality, video.width, video.height, video.codec ?? '');

  // Kept in 10 bits as it is; 8 bits are scaled to limited range, which 10 bits hold without loss.
  const limitRange = !fromRgb && video.colour?.range === 'pc' && pixelFormat !== RESULT_FORMAT;
  const kept = settings.dynamicHdr === 'base-layer' ? undefined : keptDolbyVision(video);
  const losses = kept ? [`its Dolby Vision 8.${kept} metadata is kept as profile 10.${kept}`] : dynamicLosses(video);
  const changes = [...losses, ...chromaChanges(pixelFormat)];
  if (limitRange) changes.push('full-range levels become limited-range ones');
  if (deinterlace)
    changes.push(`its interlaced fields become whole pictures, one for each ${fieldRate ? 'field' : 'frame'}`);
  if (video.containerColour) {
    const other = Object.values(video.containerColour).join(', ');
    changes.push(`its container describes other colors (${other}), those of the pictures are kept`);
  }
  const hideMatrix = hasFalseMatrix(video);
  if (hideMatrix) changes.push('its color matrix (that of RGB), which its chroma cannot have, is dropped');
  if (video.ambient) changes.push('its note of the light around the screen is dropped');
  if (video.crop) changes.push('the borders that its container hides are cut off');
  if (video.rotation) changes.push('it is stored upright');
  if (pad) changes.push('its odd size is padded by one line');

  const { range, matrix, transfer, primaries } = video.colour ?? {};
  return {
    action: 'encode',
    type: 'video',
    source: video.index,
    from: describeStream(video),
    to: encodeWords({ width: even(width), height: even(height), crf, preset: settings.preset }),
    ...(changes.length > 0 && { why: changes.join('; ') }),
    preset: settings.preset,
    crf,
    ...rateOf(video),
    width: even(width),
    height: even(height),
    ...(deinterlace && { deinterlace }),
    ...(fieldRate && { fieldRate: true as const }),
    ...(video.stereo && { stereo: video.stereo }),
    ...(pad && { pad: true as const }),
    ...(video.crop && { crop: { ...video.crop, aspect: video.pixelAspect ?? 1 } }),
    ...(video.dolbyVision && (kept ? { dolbyVision: kept } : { baseLayer: true as const })),
    ...(fromRgb && { fromRgb: true as const }),
    ...(limitRange && { limitRange: true as const }),
    ...(hideMatrix && { hideMatrix: true as const }),
    colour: {
      ...(fromRgb || limitRange ? { range: 'tv' } : range && { range }),
      ...(fromRgb ? { matrix: 'bt709' } : matrix && !hideMatrix && { matrix }),
      ...(transfer && { transfer }),
      ...(primaries && { primaries }),
    },
    ...(video.mastering && { mastering: video.mastering }),
    ...(video.contentLight && { contentLight: video.contentLight }),
  };
}
