import { type Identity, isListener, mayWait } from './acl.ts';
import { matchesFilter } from './filters.ts';
import { Outbox, type Outgoing, type Waiting } from './outbox.ts';
import type { SavedRecord, SessionFile } from './session-file.ts';

type Qos = 0 | 1 | 2;

/** A session that outlives its connections. */
export interface LastingSession {
  readonly key: string;
  readonly identity: Identity;
  readonly filters: Map<string, Qos>;
  readonly outbox: Outbox;
  isAway: boolean;
  /** Whether its client has come back to it: it was there before this connection. */
  isReturnedTo: boolean;
  /** Whole hours of the broker's running time. No clock: a gateway's may stand in 1970 and jump. */
  awayHours: number;
}

export interface Subscription {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: Qos;
}

export interface LastingSessionsOptions {
  readonly file: SessionFile;
  readonly onForgotten: (key: string) => void;
}

const MOST_OF_AN_IDENTITY = 10;
const FORGOTTEN_AFTER_HOURS = 14 * 24;
const NOTHING = new Uint8Array(0);

/**
 * The sessions that outlive their connections, their filters, and what waits for those who listen to the farm. No command
 * waits for anybody: a valve that comes back hours later must not be opened by an old one (design, safety rules 1 and 2).
 */
export class LastingSessions {
  readonly #options: LastingSessionsOptions;
  readonly #byKey = new Map<string, LastingSession>();
  /** Those for whom messages wait. */
  readonly #listening = new Set<LastingSession>();
  #dropped = 0;

  constructor(options: LastingSessionsOptions) {
    this.#options = options;
  }

  /** How many there are and how many of them are away, what waits in them, and what they had to give up since the start. */
  figures() {
    let waiting = 0;
    let away = 0;
    for (const { isAway } of this.#byKey.values()) away += isAway ? 1 : 0;
    for (const { outbox } of this.#listening) waiting += outbox.size;
    return { sessions: this.#byKey.size, away, waiting, dropped: this.#dropped };
  }

  /** Whether messages are kept for somebody, there or not. */
  get isAnyListening(): boolean {
    return this.#listening.size > 0;
  }

  /** Takes back what was kept; a session's own record comes before what belongs to it. */
  restore({ kind, owner, name, about, payload }: SavedRecord): void {
    if (kind === 'session') {
      const { awayHours, ...identity } = about as Identity & { awayHours: number };
      Object.assign(this.#make(owner, identity), { isAway: true, awayHours });
      return;
    }
    const session = this.#byKey.get(owner);
    if (session === undefined) return;
    if (kind === 'filter') session.filters.set(name, (about as { qos: Qos }).qos);
    if (kind === 'outgoing') {
      const { messageId, ...packet } = about as Omit<Outgoing, 'payload'> & { messageId?: number };
      const kept = { place: Number(name), ...(messageId === undefined ? {} : { messageId }) };
      session.outbox.add({ ...packet, payload }, kept);
    }
    this.#noteListening(session);
  }

  /** Somebody is connected who wants to be remembered. Of one identity the one away for longest gives way to the 11th. */
  begin(key: string, identity: Identity): void {
    const known = this.#byKey.get(key);
    if (known !== undefined && known.identity.role !== identity.role) this.forget(key);
    const earlier = this.#byKey.get(key);
    const session = earlier ?? this.#make(key, identity);
    session.isAway = false;
    session.isReturnedTo = earlier !== undefined;
    this.#setAwayHours(session, 0);
    const own = [...this.#byKey.values()].filter((other) => other.identity.id === identity.id);
    if (own.length <= MOST_OF_AN_IDENTITY) return;
    // Whoever left last stands last.
    const [oldest] = own.filter(({ isAway }) => isAway).sort((a, b) => b.awayHours - a.awayHours);
    if (oldest) this.forget(oldest.key);
  }

  end(key: string): void {
    const session = this.#byKey.get(key);
    if (session === undefined) return;
    session.isAway = true;
    this.#byKey.delete(key);
    this.#byKey.set(key, session);
  }

  /** Another hour has passed. Of those who have been away for two weeks nothing is kept. */
  passHour(): void {
    for (const session of [...this.#byKey.values()].filter(({ isAway }) => isAway)) {
      if (session.awayHours + 1 >= FORGOTTEN_AFTER_HOURS) this.forget(session.key);
      else this.#setAwayHours(session, session.awayHours + 1);
    }
  }

  forgetIdentity(id: string): void {
    for (const { key, identity } of [...this.#byKey.values()]) if (identity.id === id) this.forget(key);
  }

  forget(key: string): void {
    const session = this.#byKey.get(key);
    if (session === undefined) return;
    this.#byKey.delete(key);
    this.#listening.delete(session);
    const { file, onForgotten } = this.#options;
    file.remove('session', key, '');
    for (const filter of session.filters.keys()) file.remove('filter', key, filter);
    for (const { place } of session.outbox.all()) file.remove('outgoing', key, nameOf(place));
    onForgotten(key);
  }

  isReturnedTo(key: string): boolean {
    return this.#byKey.get(key)?.isReturnedTo === true;
  }

  filtersOf(key: string): { readonly topic: string; readonly qos: Qos }[] {
    return [...(this.#byKey.get(key)?.filters ?? [])].map(([topic, qos]) => ({ topic, qos }));
  }

  subscribe(key: string, filter: string, qos: Qos): void {
    const session = this.#byKey.get(key);
    if (session === undefined || session.filters.get(filter) === qos) return;
    session.filters.set(filter, qos);
    this.#noteListening(session);
    this.#options.file.put({ kind: 'filter', owner: key, name: filter, about: { qos }, payload: NOTHING });
  }

  unsubscribe(key: string, filter: string): void {
    const session = this.#byKey.get(key);
    if (!session?.filters.delete(filter)) return;
    this.#noteListening(session);
    this.#options.file.remove('filter', key, filter);
  }

  /** For whom a message of this topic is kept, each once with the highest QoS of its filters. */
  wanting(topic: string): Subscription[] {
    const subscriptions: Subscription[] = [];
    for (const { key, identity, filters } of this.#listening) {
      let widest: Subscription | undefined;
      for (const [filter, qos] of filters) {
        if (qos > (widest?.qos ?? 0) && matchesFilter(filter, topic))
          widest = { clientId: key, topic: filter, qos };
      }
      if (widest && mayWait(identity, topic)) subscriptions.push(widest);
    }
    return subscriptions;
  }

  keep(key: string, packet: Outgoing): void {
    const session = this.#byKey.get(key);
    if (session === undefined) return;
    const { added, dropped } = session.outbox.add(packet);
    this.#saveWaiting(key, added);
    this.#dropped += dropped.length;
    for (const { place } of dropped) this.#options.file.remove('outgoing', key, nameOf(place));
  }

  outboxOf(key: string): Outbox | undefined {
    return this.#byKey.get(key)?.outbox;
  }

  /** A message was sent under its packet id, or released. */
  keepSent(key: string, waiting: Waiting): void {
    this.#saveWaiting(key, waiting);
  }

  /** A message was acknowledged: nothing of it waits any more. */
  drop(key: string, { place }: Waiting): void {
    this.#options.file.remove('outgoing', key, nameOf(place));
  }

  #make(key: string, identity: Identity): LastingSession {
    const session = {
      key,
      identity,
      filters: new Map(),
      outbox: new Outbox(),
      isAway: false,
      isReturnedTo: false,
      awayHours: -1,
    };
    this.#byKey.set(key, session);
    return session;
  }

  #noteListening(session: LastingSession): void {
    const isWaitedFor = isListener(session.identity) && [...session.filters.values()].some((qos) => qos > 0);
    if (isWaitedFor) this.#listening.add(session);
    else this.#listening.delete(session);
  }

  #setAwayHours(session: LastingSession, awayHours: number): void {
    if (session.awayHours === awayHours) return;
    session.awayHours = awayHours;
    const { id, role } = session.identity;
    const about = { id, role, awayHours };
    this.#options.file.put({ kind: 'session', owner: session.key, name: '', about, payload: NOTHING });
  }

  #saveWaiting(key: string, { place, packet, messageId }: Waiting): void {
    const { payload, ...about } = packet;
    this.#options.file.put({
      ...{ kind: 'outgoing', owner: key, name: nameOf(place), payload },
      about: { ...about, ...(messageId === undefined ? {} : { messageId }) },
    });
  }
}

/** So that the order of names is the order of places. */
const nameOf = (place: number): string => String(place).padStart(16, '0');
