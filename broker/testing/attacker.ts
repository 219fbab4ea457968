import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { parser } from 'mqtt-packet';
import { type Attack, attackBy, Chance, type Speakers } from './mutations.ts';

const CONNECTIONS_AT_ONCE = 16;
const MOST_ROUNDS = 20;
/** A packet that lacks more is left unfinished. */
const MOST_FILLING = 4 * 1024;
const PINGREQ = Buffer.from([0xc0, 0]);

/** Hostile connections, one after the other and several at once. With the same seed they say the same. */
export class Attacker {
  readonly #port: number;
  readonly #seed: number;
  #connections = 0;
  /** Mutated packets that the broker has looked at. */
  packets = 0;

  constructor(port: number, seed: number) {
    this.#port = port;
    this.#seed = seed;
  }

  /** Comes back when there were that many packets since the beginning. */
  async until(packets: number, speakers: Speakers): Promise<void> {
    const work = async () => {
      while (this.packets < packets) {
        this.#connections += 1;
        const chance = new Chance(this.#seed + Math.imul(this.#connections, 0x9e3779b1));
        const looked = await attack(this.#port, attackBy(chance, speakers), chance);
        this.packets += looked;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, work));
  }
}

/** One connection, until the broker has closed it or it has said enough; gives how many packets were looked at. */
async function attack(port: number, what: Attack, chance: Chance): Promise<number> {
  const { opening, isValid, isTame, next } = what;
  const line = await Line.open(port, chance);
  let looked = 0;
  if (isValid) await line.say(opening);
  else {
    await line.say(opening, next());
    looked = 1;
  }
  for (let left = isValid ? 1 + chance.below(MOST_ROUNDS) : 0; left > 0; left -= 1) {
    const packets = Array.from({ length: 1 + chance.below(isTame ? 8 : 3) }, next);
    const filling = fillingOf(Buffer.concat(packets));
    await line.say(...packets, ...(filling ? [filling, PINGREQ] : []));
    const goesOn = filling !== undefined && (await line.answers());
    // Of a round that ended the connection, nobody knows which packet it was.
    looked += goesOn ? packets.length : 1;
    if (!goesOn) break;
  }
  await line.end();
  return looked;
}

/** A connection that cuts what it says into pieces wherever chance wants it. */
class Line {
  readonly #socket: Socket;
  readonly #chance: Chance;
  #pongs = 0;
  #wake = () => {};

  private constructor(socket: Socket, chance: Chance) {
    this.#socket = socket;
    this.#chance = chance;
    const incoming = parser({ protocolVersion: 4 });
    incoming.on('packet', ({ cmd }) => {
      if (cmd === 'pingresp') this.#pongs += 1;
    });
    // An answer to what has no packet id begins and breaks off, before the connection is closed for it.
    incoming.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      incoming.parse(bytes);
      this.#wake();
    });
    socket.on('close', () => this.#wake());
  }

  static async open(port: number, chance: Chance): Promise<Line> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    // A connection that the broker ended may end in any way.
    socket.on('error', () => {});
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    if (socket.closed) throw new Error('the broker takes no connections');
    return new Line(socket, chance);
  }

  async say(...all: Buffer[]): Promise<void> {
    this.#pongs = 0;
    const bytes = Buffer.concat(all);
    let at = 0;
    for (let cuts = this.#chance.once(3) ? 2 : 0; cuts > 0; cuts -= 1) {
      const to = at + this.#chance.below(bytes.length - at + 1);
      this.#socket.write(bytes.subarray(at, to));
      at = to;
      await turn();
    }
    this.#socket.write(bytes.subarray(at));
  }

  /** Whether the broker has answered a PINGREQ, and not closed the connection instead. */
  async answers(): Promise<boolean> {
    while (this.#pongs === 0 && !this.#socket.closed) await this.#change();
    return this.#pongs > 0;
  }

  async end(): Promise<void> {
    const how = this.#chance.pick(['end', 'destroy', 'resetAndDestroy'] as const);
    if (!this.#socket.closed) this.#socket[how]();
    while (!this.#socket.closed) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** What completes the last frame, so that the next packet is seen as one; undefined when that would be too much. */
function fillingOf(bytes: Buffer): Buffer | undefined {
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let lengthBytes = 0;
    let byte = 0x80;
    while (byte >= 0x80) {
      if (lengthBytes === 4) return undefined;
      // What is not there will be filled with zeros.
      byte = bytes[at + 1 + lengthBytes] ?? 0;
      length += (byte & 0x7f) * 128 ** lengthBytes;
      lengthBytes += 1;
    }
    at += 1 + lengthBytes + length;
  }
  const missing = at - bytes.length;
  return missing > MOST_FILLING ? undefined : Buffer.alloc(missing);
}
