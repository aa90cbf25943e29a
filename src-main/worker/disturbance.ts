/** What tells whether work would disturb the user of this computer; undefined wherever it cannot be told. */
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
