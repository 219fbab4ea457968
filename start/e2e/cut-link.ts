import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Where an exchange of entries and their answer is cut. */
export type CutPoint = 'before' | 'middle' | 'storing' | 'stored' | 'answered';

export interface Cut {
  readonly at: CutPoint;
  /** From 0 to below 1: how much of the message goes through ('middle'), or for how long the cloud has had it ('storing'). */
  readonly share: number;
  /** Called at that point, before the connection breaks. */
  readonly kill?: () => void;
}

const PUBLISH = 3;
const STORING_MS = 15;

/**
 * A TCP link that understands as much of MQTT as it takes to break at a chosen point: before a message of entries has left,
 * in it, while the cloud may be storing it, when it is stored but the gateway does not know, or when the gateway has just
 * heard.
 */
export class CutLink {
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #waiting: { readonly cut: Cut; readonly done: () => void } | undefined;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((near) => this.#join(near));
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when it has happened: with the next message of entries. */
  cut(cut: Cut): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { cut, done: resolve };
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #join(near: Socket): void {
    const far = connect(this.#targetPort, '127.0.0.1');
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    const hang = () => {
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    let armed: Cut | undefined;
    onFrames(near, (frame, topic) => {
      const cut = topic.endsWith('/entries') && armed === undefined ? this.#waiting?.cut : undefined;
      if (cut === undefined) far.write(frame);
      else if (cut.at === 'before') this.#happen(cut, hang);
      else if (cut.at === 'middle')
        far.write(frame.subarray(0, 1 + Math.floor(cut.share * (frame.length - 1))), () =>
          this.#happen(cut, hang),
        );
      else {
        armed = cut;
        far.write(frame);
        if (cut.at === 'storing') setTimeout(() => this.#happen(cut, hang), cut.share * STORING_MS);
      }
    });
    onFrames(far, (frame, topic) => {
      const cut = topic.endsWith('/answer') ? armed : undefined;
      if (cut?.at === 'stored') this.#happen(cut, hang);
      else if (cut?.at === 'answered') near.write(frame, () => this.#happen(cut, hang));
      else near.write(frame);
    });
  }

  #happen(cut: Cut, hang: () => void): void {
    const waiting = this.#waiting;
    if (waiting?.cut !== cut) return;
    this.#waiting = undefined;
    cut.kill?.();
    hang();
    waiting.done();
  }
}

/** Calls for each whole MQTT packet, with its topic when it is a PUBLISH (MQTT 3.1.1, 2.2 and 3.3). */
function onFrames(socket: Socket, take: (frame: Buffer, topic: string) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let frame = firstFrame(pending); frame !== undefined; frame = firstFrame(pending)) {
      pending = pending.subarray(frame.length);
      take(frame, topicOf(frame));
    }
  });
}

function firstFrame(bytes: Buffer): Buffer | undefined {
  let length = 0;
  for (let at = 1; at <= 4; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return bytes.length < at + 1 + length ? undefined : bytes.subarray(0, at + 1 + length);
  }
  throw new Error('no MQTT');
}

function topicOf(frame: Buffer): string {
  if ((frame[0] ?? 0) >> 4 !== PUBLISH) return '';
  const head = frame.findIndex((byte, index) => index > 0 && byte < 0x80) + 1;
  return frame.toString('utf8', head + 2, head + 2 + frame.readUInt16BE(head));
}
