import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A cable that can be cut: passes TCP on to a server on this computer. */
export class CuttingProxy {
  readonly #server = createServer((socket) => this.#pass(socket));
  readonly #target: number;
  readonly #open = new Set<Socket>();
  /** Bytes from and to the server, over all connections. */
  down = 0;
  up = 0;
  #cut: { direction: 'down' | 'up'; after: number } | undefined;
  #unplugged = false;

  private constructor(target: number) {
    this.#target = target;
  }

  static async to(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection as soon as so many bytes have passed in one direction, once. */
  cutAfter(direction: 'down' | 'up', bytes: number): void {
    this.#cut = { direction, after: this[direction] + bytes };
  }

  /** True while a cut of {@link cutAfter} is still to come. */
  get armed(): boolean {
    return this.#cut !== undefined;
  }

  /** Cuts every connection, and each new one at once, until {@link plug}. */
  unplug(): void {
    this.#unplugged = true;
    this.#cutAll();
  }

  plug(): void {
    this.#unplugged = false;
  }

  close(): void {
    this.#server.close();
    this.#cutAll();
  }

  #cutAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #pass(near: Socket): void {
    if (this.#unplugged) {
      near.destroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    for (const socket of [near, far]) {
      this.#open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    this.#copy(near, far, 'up');
    this.#copy(far, near, 'down');
  }

  #copy(from: Socket, to: Socket, direction: 'down' | 'up'): void {
    from.on('data', (bytes) => {
      this[direction] += bytes.length;
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
      if (this.#cut?.direction !== direction || this[direction] < this.#cut.after) return;
      this.#cut = undefined;
      this.#cutAll();
    });
  }
}
