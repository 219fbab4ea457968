import type { Aedes, Client } from 'aedes';
import { grantedQos } from './filters.ts';

/** A packet on its way to one client, by one of its filters. */
interface Packet {
  readonly topic: string;
  /** Null for a retained message. */
  readonly brokerId: string | null;
  readonly brokerCounter: number;
  readonly qos: 0 | 1 | 2;
}
type Deliver = (packet: Packet, done: () => void) => void;

/** What we use of aedes' client (1.2), which its types leave out. */
interface Internals {
  deliver0: Deliver;
  deliverQoS: Deliver;
  readonly duplicates: Record<string, number>;
}

/** Copies of one message come one after the other; far fewer are under way at a time. */
const MOST_REMEMBERED = 1_000;

/**
 * Gives each message to a client once, by the highest QoS of its filters that match (MQTT 3.1.1, 3.3.5). aedes sends by the
 * filter that it finds first, and takes a message for a copy when one with a higher number was sent before: a message that
 * took longer on its way, because it is retained, was lost.
 */
export function deliverOnce(aedes: Aedes, client: Client): void {
  const internals = client as unknown as Internals;
  const { deliver0, deliverQoS } = internals;
  const sent = new Set<number>();
  Object.defineProperty(internals.duplicates, aedes.id, { get: () => 0, set: () => {} });
  const deliver: Deliver = (packet, done) => {
    if (packet.brokerId === aedes.id) {
      if (sent.has(packet.brokerCounter)) {
        setImmediate(done);
        return;
      }
      sent.add(packet.brokerCounter);
      const [oldest = 0] = sent;
      if (sent.size > MOST_REMEMBERED) sent.delete(oldest);
    }
    const qos = Math.min(packet.qos, grantedQos(client, packet.topic) ?? 0);
    (qos === 0 ? deliver0 : deliverQoS)(packet, done);
  };
  internals.deliver0 = deliver;
  internals.deliverQoS = deliver;
}
