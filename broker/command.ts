import type { Client } from 'aedes';
import { generate } from 'mqtt-packet';
import { mayReceive } from './acl.ts';
import { grantedQos } from './filters.ts';
import type { Session } from './sessions.ts';

/** What aedes (1.2) knows of a connection and its types leave out: the stream. */
interface Internals {
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
  for (const { identity, client } of sessions) {
    const { conn } = client as Client & Internals;
    const qos = grantedQos(client, topic);
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
