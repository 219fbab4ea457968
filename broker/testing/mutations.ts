import { seededRandom } from '@nongtin/service';
import { generate, type Packet } from 'mqtt-packet';
import { connectPacket, message } from './wire-client.ts';

/** Draws of a seed. */
export class Chance {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number from 0 up to, not including, `limit`; 0 when there is none. */
  below(limit: number): number {
    return Math.floor(this.#random() * Math.max(0, limit));
  }

  /** Once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

const PAYLOAD = JSON.stringify({
  flow_lpm: 12.5,
  moisture_pct: 31.25,
  note: 'đất ẩm, gió nhẹ, trời nhiều mây',
});
const QOS = [0, 1, 2] as const;
const FLAGS = [true, false] as const;

interface Speaker {
  readonly identity: string;
  readonly topics: readonly [string, ...string[]];
  readonly filter: string;
}

const device: Speaker = {
  identity: 'valve-1',
  topics: ['nongtin/v1/valve-1/readings', 'tele/valve-1/LWT'],
  filter: 'cmnd/valve-1/#',
};
const flows: Speaker = {
  identity: 'flows',
  topics: ['local/advice/for/plot/7', 'local/b/c'],
  filter: '#',
};
const technician: Speaker = { identity: 'an', topics: ['local/a'], filter: 'local/+/c' };

/** Devices alone: as long as nobody listens, their messages take the short way (lane.ts). */
const speakersOf = { devices: [device], all: [device, flows, technician] } as const;
export type Speakers = keyof typeof speakersOf;

/** A valid packet of every kind that a client may send, CONNECT excepted. */
function packetsOf({ topics, filter }: Speaker): Buffer[] {
  const messages = topics.flatMap((topic) =>
    QOS.flatMap((qos) =>
      FLAGS.flatMap((retain) =>
        FLAGS.map((dup) => message(PAYLOAD, { topic, qos, retain, dup, messageId: qos + 1 })),
      ),
    ),
  );
  const answers = (['puback', 'pubrec', 'pubrel', 'pubcomp'] as const).flatMap((cmd) =>
    [1, 3, 0x8001].map((messageId) => ({ cmd, messageId })),
  );
  const subscriptions = [
    { topic: filter, qos: 2 as const },
    ...topics.map((topic) => ({ topic, qos: 1 as const })),
  ];
  const packets: Packet[] = [
    ...messages,
    ...answers,
    { cmd: 'subscribe', messageId: 4, subscriptions },
    { cmd: 'subscribe', messageId: 5, subscriptions: subscriptions.slice(0, 1) },
    { cmd: 'unsubscribe', messageId: 6, unsubscriptions: [...topics, filter] },
    { cmd: 'pingreq' },
    { cmd: 'disconnect' },
  ];
  return packets.map((packet) => generate(packet));
}

const valid = new Map<Speaker, Buffer[]>(speakersOf.all.map((speaker) => [speaker, packetsOf(speaker)]));

function connectOf({ identity, topics }: Speaker, chance: Chance): Buffer {
  const will = {
    topic: topics[0],
    payload: Buffer.from('gone'),
    qos: chance.pick(QOS),
    retain: chance.once(2),
  };
  const clientId = `${identity}-${chance.below(20)}`;
  const clean = chance.once(2);
  return generate(connectPacket(identity, { clientId, clean, ...(chance.once(2) ? { will } : {}) }));
}

/** What one hostile connection says. */
export interface Attack {
  /** Its CONNECT, which is valid unless the attack is on CONNECT itself. */
  readonly opening: Buffer;
  readonly isValid: boolean;
  /** Most of its packets keep the connection open: none breaks the framing. */
  readonly isTame: boolean;
  /** The next of its packets, each of them mutated. */
  next(): Buffer;
}

export function attackBy(chance: Chance, speakers: Speakers): Attack {
  const speaker = chance.pick<Speaker>(speakersOf[speakers]);
  const packets = valid.get(speaker) ?? [];
  // Whoever breaks the framing is thrown out at once. So every second attack keeps to it, and is heard for longer.
  const isTame = chance.once(2);
  const from = isTame ? packets.filter(([first]) => first !== DISCONNECT) : packets;
  const next = () => mutate(chance.pick(from), packets, chance, isTame);
  const connect = connectOf(speaker, chance);
  if (isTame || !chance.once(4)) return { opening: connect, isValid: true, isTame, next };
  // Some never say who they are.
  const opening = chance.once(4) ? next() : mutate(connect, packets, chance);
  return { opening, isValid: false, isTame, next };
}

/** One mutation of a packet, or a few; never the packet itself. */
function mutate(packet: Buffer, others: readonly Buffer[], chance: Chance, isTame = false): Buffer {
  let bytes: Buffer = packet;
  for (let left = chance.once(4) ? 3 : 1; left > 0 || bytes.equals(packet); left -= 1) {
    if (isTame) bytes = withLength(chance.pick(ofTail)(bytes, chance, others));
    else bytes = chance.pick([...ofFrame, ...ofContent, ...ofTail])(bytes, chance, others);
    if (chance.once(2)) bytes = withLength(bytes);
  }
  return bytes;
}

type Mutation = (bytes: Buffer, chance: Chance, others: readonly Buffer[]) => Buffer;

const withByte = (bytes: Buffer, at: number, change: (byte: number) => number): Buffer => {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[at % copy.length] = change(copy[at % copy.length] ?? 0) & 0xff;
  return copy;
};

/** Much of what means something in MQTT. */
const noise = (length: number, chance: Chance) =>
  Buffer.from(
    Array.from({ length }, () => chance.pick([0, 0xff, 0x80, 0x7f, 0x2b, 0x23, chance.below(256)])),
  );

const flipped = (chance: Chance) => (byte: number) => byte ^ (1 << chance.below(8));

const ofFrame: readonly Mutation[] = [
  // Type and flags.
  (bytes, chance) => withByte(bytes, 0, flipped(chance)),
  (bytes, chance) => withByte(bytes, 0, () => chance.below(256)),
  // The length says more or less than there is, takes more bytes than it needs, or says something huge.
  (bytes, chance) => withByte(bytes, 1, (byte) => byte + chance.pick([-3, -2, -1, 1, 2, 3, 64])),
  (bytes, chance) =>
    Buffer.concat([bytes.subarray(0, 1), Buffer.from(chance.pick(LENGTHS), 'hex'), bytes.subarray(2)]),
];

const ofContent: readonly Mutation[] = [
  // A bit flips, or a byte becomes another.
  (bytes, chance) => withByte(bytes, 2 + chance.below(bytes.length), flipped(chance)),
  (bytes, chance) => withByte(bytes, 2 + chance.below(bytes.length), () => chance.below(256)),
  // The end is missing, or something stands in between.
  (bytes, chance) => bytes.subarray(0, chance.below(bytes.length)),
  (bytes, chance) => {
    const at = chance.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), noise(1 + chance.below(8), chance), bytes.subarray(at)]);
  },
  // A part stands there twice.
  (bytes, chance) => {
    const from = chance.below(bytes.length + 1);
    const to = from + chance.below(bytes.length - from + 1);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  // It goes on as another packet.
  (bytes, chance, others) => {
    const other = chance.pick(others);
    const rest = other.subarray(chance.below(other.length));
    return Buffer.concat([bytes.subarray(0, chance.below(bytes.length + 1)), rest]);
  },
];

/** In the second half, which is payload or a packet id. */
const ofTail: readonly Mutation[] = [
  (bytes, chance) => withByte(bytes, bytes.length - 1 - chance.below(bytes.length >> 1), flipped(chance)),
  (bytes, chance) =>
    withByte(bytes, bytes.length - 1 - chance.below(bytes.length >> 1), () => chance.below(256)),
  (bytes, chance) => bytes.subarray(0, bytes.length - chance.below(bytes.length >> 1)),
  (bytes, chance) => Buffer.concat([bytes, noise(1 + chance.below(40), chance)]),
  (bytes, chance, others) => {
    const other = chance.pick(others);
    return Buffer.concat([bytes, other.subarray(chance.below(other.length))]);
  },
];

const DISCONNECT = 0xe0;
const LENGTHS = ['8000', 'ff7f', 'ffff03', 'ffffff7f', '80808080', '80808001'];

/** The same with the length that it has. */
function withLength(bytes: Buffer): Buffer {
  if (bytes.length < 2) return bytes;
  // Up to 127 bytes: one byte of length, and the rest of a longer one is cut.
  return withByte(bytes.subarray(0, 2 + 127), 1, () => Math.min(bytes.length - 2, 127));
}
