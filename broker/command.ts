import type { Client } from 'aedes';
import { generate } from 'mqtt-packet';
import { mayReceive } from './acl.ts';
import type { Session } from './sessions.ts';

/** What aedes (1.2) knows of a connection and its types leave out: granted filters with their QoS, and the stream. */
interface Internals {
  readonly subscriptions: Readonly<Record<string, { readonly qos?: 0 | 1 | 2 } | undefined>>;
  readonly conn: { write(bytes: Uint8Array): boolean; readonly destroyed: boolean };
}

/** Above what aedes counts through for hours; one that is used twice does no harm, for nobody waits for its PUBACK. */
const FIRST_PACKET_ID = 0x8000;
let packetId = FIRST_PACKET_ID;

/**
 * Writes a command to everyone who is connected, may hear it and has asked for it, before this returns. In aedes it would
 * pass three queues and as many turns of the event loop, with whatever else they hold; a valve that leaks is not to wait
 * for that. It is not sent again: who commands repeats it until the valve's report answers it.
 */
export function sendAtOnce(sessions: Iterable<Session>, topic: string, payload: string | Uint8Array): void {
  const levels = topic.split('/');
  for (const { identity, client } of sessions) {
    const { subscriptions, conn } = client as Client & Internals;
    const qos = grantedQos(subscriptions, levels);
    if (qos === undefined || conn.destroyed || !mayReceive(identity, topic)) continue;
    packetId = packetId >= 0xffff ? FIRST_PACKET_ID : packetId + 1;
    const message = {
      cmd: 'publish',
      topic,
      payload: Buffer.from(payload),
      dup: false,
      retain: false,
    } as const;
    conn.write(generate(qos === 0 ? { ...message, qos } : { ...message, qos: 1, messageId: packetId }));
  }
}

/** The highest QoS of the filters that match; undefined when none does. */
function grantedQos(
  subscriptions: Internals['subscriptions'],
  topic: readonly string[],
): 0 | 1 | 2 | undefined {
  let granted: 0 | 1 | 2 | undefined;
  for (const [filter, subscription] of Object.entries(subscriptions)) {
    if (!matches(filter.split('/'), topic)) continue;
    const qos = subscription?.qos ?? 0;
    if (granted === undefined || qos > granted) granted = qos;
  }
  return granted;
}

/** MQTT 3.1.1, 4.7. */
function matches(filter: readonly string[], topic: readonly string[]): boolean {
  for (const [index, part] of filter.entries()) {
    if (part === '#') return true;
    const level = topic[index];
    if (level === undefined || (part !== '+' && part !== level)) return false;
  }
  return filter.length === topic.length;
}
