/** Signals that show whether work would disturb the user of this computer; undefined if unknown. */
export interface DisturbanceSignals {
  /** Seconds since the user last touched keyboard or mouse. */
  idleSeconds?: () => number | undefined | Promise<number | undefined>;
  /** True while the computer runs on its battery. */
  onBattery?: () => boolean | undefined | Promise<boolean | undefined>;
  /** True while an application covers the whole screen. */
  fullScreen?: () => Promise<boolean | undefined>;
  /** The hottest core, in degrees Celsius. */
  cpuCelsius?: () => Promise<number | undefined>;
}

/** The signals of a computer at one moment; undefined if it can't measure them. */
export interface Reading {
  idleSeconds: number | undefined;
  onBattery: boolean | undefined;
  fullScreen: boolean | undefined;
  celsius: number | undefined;
}

/** How fast a worker steps back and comes again, in ms. */
export interface Pace {
  /** Between two looks while it has work, and while it has none. */
  tick: number;
  rest: number;
  /** A disturbance must be gone for this long: plugs are pulled out again, videos have breaks. */
  clear: number;
  /** Heat must last this long: processors run hot for moments by design. */
  hot: number;
}
