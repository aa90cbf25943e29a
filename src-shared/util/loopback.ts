/** The names under which only programs of this computer reach it, as addresses of pages write them. */
export const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** True for an address that only programs of this computer reach. */
export const isLoopback = (address: string): boolean => address === '::1' || LOOPBACK.includes(address);
