import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Packet, parser } from 'mqtt-packet';

/** What has passed since the meter was made. */
export interface Passed {
  /** Of TCP's payload, both ways. */
  readonly bytes: number;
  /** Pieces that TCP handed on, both ways: about the segments that carry something. */
  readonly pieces: number;
  /** PUBLISH packets of both ends by the last word of their topic: 'entries', 'live', 'answer' … */
  readonly messages: Readonly<Record<string, { readonly count: number; readonly bytes: number }>>;
}

/** Stands between a gateway and its cloud, hands everything on and counts. */
export class WireMeter {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #messages: Record<string, { count: number; bytes: number }> = {};
  #targetPort = 0;
  #bytes = 0;
  #pieces = 0;

  constructor() {
    this.#server = createServer((near) => this.#join(near));
  }

  /** The address of this end. */
  async open(targetPort: number): Promise<string> {
    this.#targetPort = targetPort;
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  passed(): Passed {
    return { bytes: this.#bytes, pieces: this.#pieces, messages: structuredClone(this.#messages) };
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(near: Socket): void {
    const far = connect(this.#targetPort, '127.0.0.1');
    this.#carry(near, far);
    this.#carry(far, near);
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    const packets = parser();
    packets.on('packet', (packet) => this.#count(packet));
    from.on('data', (piece: Buffer) => {
      this.#bytes += piece.length;
      this.#pieces += 1;
      packets.parse(piece);
      to.write(piece);
    });
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  #count(packet: Packet): void {
    if (packet.cmd !== 'publish') return;
    const what = packet.topic.split('/').at(-1) ?? '';
    this.#messages[what] ??= { count: 0, bytes: 0 };
    this.#messages[what].count += 1;
    this.#messages[what].bytes += packet.payload.length;
  }
}
