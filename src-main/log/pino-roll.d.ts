declare module 'pino-roll' {
  import type { DestinationStream } from 'pino';

  interface Options {
    /** Absolute path; a number goes in before the extension. */
    file: string;
    /** `10m` */
    size?: string;
    limit?: { count: number; removeOtherLogFiles?: boolean };
    sync?: boolean;
  }
  /** Opens the newest of the numbered files, and the next one when it is full. */
  export default function roll(options: Options): Promise<DestinationStream & NodeJS.EventEmitter>;
}
