import type { SettingKey, Settings } from '../settings/settings.ts';
import type { SkipCode } from './skip.ts';

/** A rule that skips videos, and the consequence of converting one of them anyway. */
interface Rule {
  /** The setting that decides about all videos. */
  setting: SettingKey;
  /** The settings with which the rule doesn't apply. */
  without: Partial<Settings>;
  /** What the conversion costs, as one sentence. */
  loss: string;
}

/** No result is too large: in percent, as `minSavings`. Finite, since it crosses the network as JSON. */
const ANY_SIZE = -1_000_000;

const DYNAMIC_HDR: Rule = {
  setting: 'dynamicHdr',
  without: { dynamicHdr: 'base-layer' },
  loss: 'Only the compatible base layer is kept; the dynamic metadata is lost.',
};

const RULES: Partial<Record<SkipCode, Rule>> = {
  av1: {
    setting: 'skipAv1Files',
    without: { skipAv1Files: false },
    loss: 'The video is encoded a second time, which costs some quality.',
  },
  damaged: {
    setting: 'convertDamaged',
    without: { convertDamaged: true },
    loss: "The converted video won't contain what can't be read.",
  },
  data: {
    setting: 'dataStreams',
    without: { dataStreams: 'drop' },
    loss: "The tracks that can't be kept are left out.",
  },
  'dolby-vision': DYNAMIC_HDR,
  'dynamic-hdr': DYNAMIC_HDR,
  'hard-linked': {
    setting: 'skipHardLinked',
    without: { skipHardLinked: false },
    loss: 'No space is freed while other hard links keep the original.',
  },
  'hdr10-plus': DYNAMIC_HDR,
  'no-savings': {
    setting: 'minSavings',
    without: { minSavings: ANY_SIZE },
    loss: 'The converted video can be larger than the original.',
  },
};

/** Returns the rule behind a skip that a user can overrule for one video; undefined where there is none. */
export const ruleOf = (code: string | null): Rule | undefined => RULES[code as SkipCode];

/** Returns the settings for a video for which its user overruled some rules. */
export function withOverrides(settings: Settings, overrides: readonly SkipCode[]): Settings {
  return Object.assign({ ...settings }, ...overrides.map((code) => ruleOf(code)?.without));
}
