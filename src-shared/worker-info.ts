import { z } from 'zod';

/** What the ffmpeg of a computer can do, found out at start and never assumed from its version. */
export const Capabilities = z.object({
  /** As `ffmpeg -version` says: `5.1.9-0+deb12u1`. */
  version: z.string(),
  libsvtav1: z.boolean(),
  libopus: z.boolean(),
  /** Option -fps_mode (ffmpeg 5.1 and later); older ones call it -vsync. */
  fpsMode: z.boolean(),
  /** Matroska option -cues_to_front (ffmpeg 5.0 and later). */
  cuesToFront: z.boolean(),
  /** libsvtav1 option -svtav1-params (ffmpeg 5.1 and later): needed for HDR10 metadata. */
  svtav1Params: z.boolean(),
  bwdif: z.boolean(),
  /** libsvtav1 option -dolbyvision (ffmpeg 7.1 and later), which is switched off where that metadata would be false. */
  dolbyVisionCoding: z.boolean(),
  /** Option -apply_cropping (ffmpeg 7.1 and later), whose default cuts off what a container hides. */
  applyCropping: z.boolean(),
});
export type Capabilities = z.infer<typeof Capabilities>;
