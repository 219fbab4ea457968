import type { Client } from 'aedes';
import type { Packet } from 'mqtt-packet';

/** What we use of aedes' client (1.2) and of mqtt-packet's parser (9), which their types leave out. */
interface Internals {
  readonly _parser: NodeJS.EventEmitter;
  readonly conn: { write(bytes: Uint8Array): boolean };
}

/** CONNACK: the protocol level is not spoken here (MQTT 3.1.1, 3.1.2.2). */
const UNKNOWN_LEVEL = Buffer.from([0x20, 2, 0, 1]);

/**
 * Stands between the parser and aedes, and ends a connection by what MQTT 3.1.1 forbids and neither of them looks at. Of
 * each SUBSCRIBE aedes sees all filters, so that each gets its code in the SUBACK (3.8.4), even one that stands there twice.
 */
export function refuseUnsound(client: Client): void {
  const { _parser: parser, conn } = client as unknown as Internals;
  const taking = parser.listeners('packet');
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: Packet) => {
    if (!isSound(packet)) {
      parser.emit('error', new Error(`malformed ${packet.cmd}`));
      return;
    }
    if (packet.cmd === 'subscribe') keepEveryFilter(packet);
    for (const take of taking) take.call(parser, packet);
  });
  parser.prependListener('error', ({ message }: Error) => {
    if (message === 'Invalid protocol version') conn.write(UNKNOWN_LEVEL);
  });
}

/** aedes puts a list without doubles in this place, and answers that. */
function keepEveryFilter(packet: object & { readonly subscriptions: unknown }): void {
  const { subscriptions } = packet;
  Object.defineProperty(packet, 'subscriptions', { get: () => subscriptions, set: () => {} });
}

function isSound(packet: Packet): boolean {
  const { messageId, length = 0 } = packet;
  if (messageId === 0) return false;
  switch (packet.cmd) {
    case 'publish':
      // A length of the topic, the topic, a packet id: the parser reads the id from whatever follows.
      return isText(packet.topic) && length >= 2 + Buffer.byteLength(packet.topic) + (packet.qos > 0 ? 2 : 0);
    case 'subscribe':
      return packet.subscriptions.every(({ topic }) => isText(topic));
    case 'unsubscribe':
      return packet.unsubscriptions.length > 0 && packet.unsubscriptions.every(isText);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return length === 2;
    default:
      return true;
  }
}

/** What was no UTF-8 has become U+FFFD (1.5.3). Who writes that very character is refused with it. */
function isText(text: string): boolean {
  return !text.includes('\ufffd');
}
