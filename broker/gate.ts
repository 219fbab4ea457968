import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@nongtin/service';
import type { Aedes, AedesOptions, Client } from 'aedes';
import {
  type Identity,
  isForControllerOrListeners,
  isOwnQuestion,
  mayPublish,
  mayReceive,
  mayRetain,
  maySubscribe,
} from './acl.ts';
import type { Peer } from './doors.ts';
import { grantedQos } from './filters.ts';
import type { InboundMessage, Inbox } from './inbox.ts';
import type { LaneMessage } from './lane.ts';
import { type LeftWill, NO_FILTER, type Persistence } from './persistence.ts';
import { type RefusalCause, type Refusals, Refused } from './refusals.ts';
import type { Session, Sessions } from './sessions.ts';

/** Who holds this user name and password; undefined refuses. */
export type Authenticate = (
  username: string,
  password: Uint8Array,
) => Identity | undefined | Promise<Identity | undefined>;

/** Whose certificate this is, as long as it is valid; undefined refuses. */
export type AuthenticatePeer = (peer: Peer) => Identity | undefined;

export interface GateParts {
  readonly aedes: Aedes;
  readonly sessions: Sessions;
  readonly inbox: Inbox;
  readonly persistence: Persistence;
  readonly refusals: Refusals;
  readonly authenticate: Authenticate;
  readonly authenticatePeer?: AuthenticatePeer;
  readonly packetBytes: number;
  readonly connectionsOfOne: number;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

type Handler<K extends keyof AedesOptions> = NonNullable<AedesOptions[K]>;
type Publish = Parameters<Handler<'authorizePublish'>>[1];
type PublishPacket = Parameters<Aedes['publish']>[0];
/** With who publishes; aedes' types leave that out. */
type PublishAs = (packet: PublishPacket, client: Client | null, done: (error?: Error) => void) => void;

const MAX_CLIENT_ID = 128;
const MOST_LANE_TOPICS = 256;
/** Where nobody listens, and nobody may. */
const PUBLISHED = '$published';
/** CONNACK return codes (MQTT 3.1.1, table 3.1). */
const connack = { identifierRejected: 2, unavailable: 3, badCredentials: 4, notAuthorized: 5 } as const;

/** aedes' questions answered from the topic table: may this one connect, publish, subscribe, receive? */
export class Gate {
  readonly received: Record<0 | 1 | 2, number> = { 0: 0, 1: 0, 2: 0 };
  readonly #parts: GateParts;
  readonly #wills = new WeakMap<Client, { readonly topic: string }>();
  /** Those who want to be remembered and give no name. */
  readonly #nameless = new WeakSet<Client>();
  #closed = false;

  constructor(parts: GateParts) {
    this.#parts = parts;
    parts.aedes.preConnect = (client, packet, done) => {
      if (packet.will) this.#wills.set(client, packet.will);
      if (packet.clientId === '' && !packet.clean) this.#nameless.add(client);
      // mqtt-packet lets it pass (MQTT 3.1.1, 3.1.2.6).
      if (Number(packet.will?.qos) > 2) done(new Error('will of QoS 3'), false);
      else done(null, true);
    };
    parts.aedes.authenticate = this.#authenticate;
    parts.aedes.authorizePublish = this.#authorizePublish;
    parts.aedes.authorizeSubscribe = this.#authorizeSubscribe;
    parts.aedes.authorizeForward = this.#authorizeForward;
  }

  /** From now on nothing is taken; what the hook already has is still acknowledged. */
  close(): void {
    this.#closed = true;
  }

  readonly #authenticate: Handler<'authenticate'> = (client, username, password, done) => {
    const clientId = client.id;
    // aedes cleans up after a refused client under its id: it must not be one that a real session has.
    client.id = `?/${clientId}`;
    this.#admit(client, clientId, username, password).then(
      () => done(null, true),
      (error) => done(this.#connectError(error), false),
    );
  };

  async #admit(client: Client, clientId: string, username?: string, password?: Uint8Array): Promise<void> {
    const { sessions, persistence, aedes, packetBytes, connectionsOfOne } = this.#parts;
    if (this.#closed) throw new Refused('stopping', connack.unavailable);
    const identity = await this.#identify(client, username, password);
    if (clientId.length > MAX_CLIENT_ID || this.#nameless.has(client)) {
      throw this.#refuse('identifier_rejected', connack.identifierRejected, identity.id);
    }
    const will = this.#wills.get(client);
    if (will && !mayPublish(identity, will.topic)) {
      throw this.#refuse('will_not_allowed', connack.notAuthorized, identity.id, will.topic);
    }
    if (client.closed) throw new Refused('gone', connack.unavailable);
    const others = sessions.ofIdentity(identity.id).filter((other) => other.clientId !== clientId);
    if (others.length >= connectionsOfOne)
      throw this.#refuse('too_many_connections', connack.unavailable, identity.id);
    await leftBy(aedes, `${identity.id}/${clientId}`);
    if (client.closed) throw new Refused('gone', connack.unavailable);
    const session = sessions.begin(client, identity, clientId, runningNumber(aedes), packetBytes);
    client.id = session.key;
    persistence.isBack(identity);
    if (client.clean) return;
    persistence.sessions.begin(session.key, identity);
    // Its packet ids go on: one that is still under way must not be another message's too (MQTT 3.1.1, 2.3.1).
    const lastId = persistence.sessions.outboxOf(session.key)?.lastId;
    if (lastId !== undefined) Object.assign(client, { _nextId: (lastId % 0xffff) + 1 });
  }

  /** By certificate where there is one, and then no password counts; a user name must not say otherwise. */
  async #identify(client: Client, username?: string, password?: Uint8Array): Promise<Identity> {
    const { authenticate, authenticatePeer, sessions } = this.#parts;
    const peer = authenticatePeer && sessions.peerOf(client);
    if (peer) {
      const identity = authenticatePeer(peer);
      if (identity && (username === undefined || username === identity.id)) return identity;
      throw this.#refuse('certificate_refused', connack.notAuthorized, peer.id);
    }
    if (username === undefined || password === undefined) {
      throw this.#refuse('no_credentials', connack.notAuthorized, username);
    }
    const identity = await authenticate(username, password);
    if (!identity) throw this.#refuse('wrong_password', connack.badCredentials, username);
    return identity;
  }

  #refuse(cause: RefusalCause, returnCode: number, identity?: string, topic?: string): Refused {
    this.#parts.refusals.add(cause, identity, topic);
    return new Refused(cause, returnCode);
  }

  #connectError(error: unknown): Refused {
    if (error instanceof Refused) return error;
    this.#parts.logger.error({ err: error }, 'credentials could not be checked');
    return new Refused('unavailable', connack.unavailable);
  }

  /** aedes writes PUBACK or PUBREC after `done(null)`; an error drops the connection. Wills come here too. */
  readonly #authorizePublish: Handler<'authorizePublish'> = (client, packet, done) => {
    const { sessions, refusals, inbox, logger } = this.#parts;
    const session = sessions.of(client);
    if (!session || this.#closed) return done(new Refused('stopping'));
    const { identity } = session;
    const { topic, payload } = packet;
    if (!mayPublish(identity, topic) && !isOwnQuestion(identity, topic, payload.length)) {
      refusals.add('publish_not_allowed', identity.id, topic);
      return done(new Refused('publish_not_allowed'));
    }
    this.received[packet.qos] += 1;
    // Kept in memory for whoever asks later; of all else nobody but the hook may know, so that keeping it serves none.
    if (packet.retain && !mayRetain(packet.topic)) packet.retain = false;
    const durable = inbox.receive(this.#message(session, packet), session.key);
    // It concerns this hop alone (MQTT 3.1.1, 3.3.1.1).
    packet.dup = false;
    const work = this.#isKept(packet) ? durable.then(() => this.#publishFirst(client, packet)) : durable;
    work.then(
      () => done(null),
      (error) => {
        logger.error({ err: error, identity: session.identity.id }, 'not durable: connection dropped');
        refusals.add('not_durable', session.identity.id, packet.topic);
        done(new Refused('not_durable'));
      },
    );
  };

  /** Whether a QoS 1 message is kept or heard by somebody, so that its PUBACK has to wait for that too. */
  #isKept({ qos, retain, topic }: Publish): boolean {
    const { sessions, persistence } = this.#parts;
    return qos === 1 && (retain || sessions.isListenedTo || persistence.sessions.wanting(topic).length > 0);
  }

  /** aedes acknowledges QoS 1 before it publishes. So this is published by us, and what aedes then publishes reaches nobody. */
  async #publishFirst(client: Client | null, packet: Publish): Promise<void> {
    const { topic, payload, qos, retain } = packet;
    packet.topic = PUBLISHED;
    packet.retain = false;
    await this.#publish({ cmd: 'publish', topic, payload, qos, retain, dup: false }, client);
  }

  /** Resolves when all who are connected have been sent it, and what is to be kept is kept. */
  #publish(packet: PublishPacket, client: Client | null): Promise<void> {
    const { aedes } = this.#parts;
    return new Promise((resolve, reject) => {
      const publish = aedes.publish as unknown as PublishAs;
      publish.call(aedes, packet, client, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** The wills of those who were connected when the broker last ended and have not come back. */
  async publishLeft(wills: readonly LeftWill[]): Promise<void> {
    for (const will of wills) {
      try {
        if (!this.#closed && mayPublish(will.identity, will.topic)) await this.#publishWill(will);
      } catch (error) {
        this.#parts.logger.error({ err: error, identity: will.identity.id }, 'a last will could not be told');
      }
    }
  }

  async #publishWill({ identity, topic, payload, qos, retain }: LeftWill): Promise<void> {
    const { inbox, nowMs } = this.#parts;
    const of = { identity, clientId: '', packetId: undefined, dup: false };
    await inbox.receive({ ...of, topic, payload, qos, retain, receivedAtMs: nowMs() }, identity.id);
    const packet = { cmd: 'publish', topic, payload: Buffer.from(payload), qos, dup: false } as const;
    await this.#publish({ ...packet, retain: retain && mayRetain(topic) }, null);
  }

  /** The same for a message in the lane; undefined: it has to go the usual way, where refusals are told. */
  takeFromLane(session: Session, message: LaneMessage): Promise<unknown> | undefined {
    const { inbox, nowMs, sessions, persistence } = this.#parts;
    if (sessions.isListenedTo || persistence.sessions.isAnyListening) return undefined;
    if (this.#closed || !this.#isForLane(session, message.topic)) return undefined;
    const { identity, clientId, connectionId } = session;
    const { topic, payload, qos, packetId, dup } = message;
    this.received[qos] += 1;
    const inbound: InboundMessage = {
      identity,
      clientId,
      connectionId,
      topic,
      payload,
      qos,
      dup,
      retain: false,
      packetId,
      receivedAtMs: nowMs(),
    };
    return inbox.receive(inbound, session.key);
  }

  #isForLane({ identity, laneTopics }: Session, topic: string): boolean {
    const known = laneTopics.get(topic);
    if (known !== undefined) return known;
    const isPlain = !/[+#\ufffd]/.test(topic);
    const allowed = isPlain && isForControllerOrListeners(topic) && mayPublish(identity, topic);
    if (laneTopics.size >= MOST_LANE_TOPICS) laneTopics.clear();
    laneTopics.set(topic, allowed);
    return allowed;
  }

  #message({ identity, clientId, connectionId }: Session, packet: Publish) {
    const { topic, payload, qos, retain } = packet;
    return {
      identity,
      clientId,
      connectionId,
      topic,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      qos,
      dup: packet.dup === true,
      retain,
      packetId: packet.messageId,
      receivedAtMs: this.#parts.nowMs(),
    };
  }

  /** A refused filter gets 0x80 in the SUBACK, which aedes sends for null; the connection stays. */
  readonly #authorizeSubscribe: Handler<'authorizeSubscribe'> = (client, subscription, done) => {
    const { sessions, refusals } = this.#parts;
    const session = sessions.of(client);
    const filter = subscription.topic;
    if (filter === NO_FILTER) return done(null, null);
    if (session && maySubscribe(session.identity, filter) && sessions.addFilter(session, filter)) {
      return done(null, subscription);
    }
    refusals.add('subscribe_not_allowed', session?.identity.id, filter);
    done(null, null);
  };

  /**
   * A second look at delivery, and the QoS that was granted (aedes looks at filters without wildcards only). What was
   * published before the connection began is for those alone for whom it was kept. Retained messages have no broker id here.
   */
  readonly #authorizeForward: Handler<'authorizeForward'> = (client, packet) => {
    const { sessions, persistence, aedes } = this.#parts;
    const session = sessions.of(client);
    if (!session || !mayReceive(session.identity, packet.topic)) return null;
    const waiting = packet.qos > 0 ? persistence.waiting(client, packet) : undefined;
    const isResent = waiting !== undefined && (packet as Partial<Publish>).messageId !== undefined;
    if (isResent) return packet;
    if (waiting && (waiting.sentTo === client || !persistence.hasCaughtUp(client))) return null;
    const isOld = packet.brokerId === aedes.id && packet.brokerCounter <= session.beganAt;
    if (isOld && waiting === undefined) return null;
    packet.qos = Math.min(packet.qos, grantedQos(client, packet.topic) ?? 0) as 0 | 1 | 2;
    // While it is given what waited for it, writing waits for its reading, and so would whoever publishes.
    const isHeldUp = !client.clean && !persistence.hasCaughtUp(client);
    return isHeldUp && packet.qos === 0 && !packet.retain ? null : packet;
  };
}

/** aedes takes a connection out of its list some turns after it has ended; until then a newer one would go with it. */
async function leftBy(aedes: Aedes, key: string): Promise<void> {
  const { clients } = aedes as unknown as { clients: Readonly<Record<string, Client | undefined>> };
  for (let turns = 0; turns < 10 && clients[key]?.closed; turns += 1) await nextTurn();
}

/** The number aedes gives to each message in turn; its types leave it out. */
const runningNumber = (aedes: Aedes): number => (aedes as unknown as { counter: number }).counter;
