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
  readonly subscriptions: Record<string, { qos: number } | undefined>;
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
    if (qos > 0) widen(internals.subscriptions[packet.topic], qos);
    (qos === 0 ? deliver0 : deliverQoS)(packet, done);
  };
  internals.deliver0 = deliver;
  internals.deliverQoS = deliver;
}

/** Filters that stand at another QoS than was granted, for messages on their way. */
const widened = new WeakMap<object, { readonly granted: number; messages: number }>();

/**
 * aedes, in its next turn, lowers a message to the QoS of the filter without wildcards that matches it, whatever the others
 * say. Until then that filter stands as high as the widest.
 */
function widen(exact: { qos: number } | undefined, qos: number): void {
  if (exact === undefined || exact.qos >= qos) return;
  const state = widened.get(exact) ?? { granted: exact.qos, messages: 0 };
  widened.set(exact, state);
  state.messages += 1;
  exact.qos = qos;
  setImmediate(() => {
    // After aedes' own, which is asked for after this.
    setImmediate(() => {
      state.messages -= 1;
      if (state.messages > 0) return;
      exact.qos = state.granted;
      widened.delete(exact);
    });
  });
}
