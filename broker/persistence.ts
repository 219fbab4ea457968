import type { Aedes } from 'aedes';
import { mayReceive } from './acl.ts';
import type { Sessions } from './sessions.ts';

/** What we use of aedes' in-memory persistence (aedes-persistence 11), which its types leave out. */
interface Persistence {
  incomingGetPacket(client: { id: string }, packet: { messageId: number }): Promise<unknown>;
  cleanSubscriptions(client: { id: string }): Promise<void>;
  cleanIncoming(client: { id: string }): Promise<void>;
  outgoingEnqueueCombi(
    subscriptions: readonly { clientId: string }[],
    packet: { topic: string },
  ): Promise<void>;
}

const persistenceOf = (aedes: Aedes): Persistence =>
  (aedes as unknown as { persistence: Persistence }).persistence;

/** Tells whether a QoS 2 message is held for its PUBREL, so that its resend is not taken for a new one. */
export function inboundStore(aedes: Aedes): (sessionKey: string, packetId: number) => Promise<boolean> {
  return (sessionKey, packetId) =>
    persistenceOf(aedes)
      .incomingGetPacket({ id: sessionKey }, { messageId: packetId })
      .then(
        () => true,
        () => false,
      );
}

/** Forgets a session whose client is away: its subscriptions and the QoS 2 messages it never released. */
export async function forgetSession(aedes: Aedes, sessionKey: string): Promise<void> {
  await persistenceOf(aedes).cleanSubscriptions({ id: sessionKey });
  await persistenceOf(aedes).cleanIncoming({ id: sessionKey });
}

/**
 * No message is queued for an absent client: a command is for now, and a valve that comes back hours later must not
 * be opened by an old one (design, safety rules 1 and 2). It also keeps a session from growing without bound, and
 * from collecting messages for a filter that was refused, which aedes stores beside the granted ones.
 */
export function keepOnlyForConnected(aedes: Aedes, sessions: Sessions): void {
  const persistence = persistenceOf(aedes);
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
    const wanted = subscriptions.filter(({ clientId }) => {
      const session = sessions.byKey(clientId);
      return session !== undefined && mayReceive(session.identity, packet.topic);
    });
    return enqueue(wanted, packet);
  };
}
