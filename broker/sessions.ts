import type { Client } from 'aedes';
import { type Identity, isListener } from './acl.ts';
import type { Peer } from './doors.ts';
import type { FrameGuard } from './frame-guard.ts';

const MAX_FILTERS = 100;

/** One authenticated connection. */
export interface Session {
  readonly identity: Identity;
  readonly clientId: string;
  /**
   * Identity and client id together: what aedes knows as the client id, so that nobody can take over, block or
   * inherit the session of another identity by using its client id. '/' cannot stand in an identity.
   */
  readonly key: string;
  readonly client: Client;
  /** Running number of the connection, as text. */
  readonly connectionId: string;
  /** aedes' running number when it began: what was published before is not for this connection. */
  readonly beganAt: number;
  readonly filters: Set<string>;
  /** Topics it has used, and whether their messages may take the lane (lane.ts); bounded. */
  readonly laneTopics: Map<string, boolean>;
}

/** Connections by client, by key and by identity. */
export class Sessions {
  #connections = 0;
  readonly #expected = new WeakMap<Client, { readonly guard: FrameGuard; readonly peer: Peer | undefined }>();
  readonly #byClient = new WeakMap<Client, Session>();
  readonly #byKey = new Map<string, Session>();
  /** Of listeners that have subscribed. */
  readonly #listening = new Set<Session>();

  get connected(): number {
    return this.#byKey.size;
  }

  /** Whether anybody but the controller hears what devices say. */
  get isListenedTo(): boolean {
    return this.#listening.size > 0;
  }

  /** A connection that has yet to prove who it is. */
  expect(client: Client, guard: FrameGuard, peer: Peer | undefined): void {
    this.#expected.set(client, { guard, peer });
  }

  /** Whose certificate came with this connection. */
  peerOf(client: Client): Peer | undefined {
    return this.#expected.get(client)?.peer;
  }

  begin(client: Client, identity: Identity, clientId: string, beganAt: number, maxBytes: number): Session {
    const key = `${identity.id}/${clientId}`;
    this.#connections += 1;
    const connectionId = String(this.#connections);
    const filters = new Set<string>();
    const laneTopics = new Map<string, boolean>();
    const session = { identity, clientId, key, client, connectionId, beganAt, filters, laneTopics };
    this.#byClient.set(client, session);
    this.#byKey.set(key, session);
    const expected = this.#expected.get(client);
    if (expected) expected.guard.maxBytes = maxBytes;
    return session;
  }

  /** Also known after its end, since a last will is published then. */
  of(client: Client | null): Session | undefined {
    return client ? this.#byClient.get(client) : undefined;
  }

  byKey(key: string): Session | undefined {
    return this.#byKey.get(key);
  }

  /** Gives the session, unless another connection has taken it over. */
  end(client: Client): Session | undefined {
    const session = this.#byClient.get(client);
    if (session === undefined) return undefined;
    this.#listening.delete(session);
    if (this.#byKey.get(session.key) !== session) return undefined;
    this.#byKey.delete(session.key);
    return session;
  }

  /** Everyone who is connected. */
  all(): Iterable<Session> {
    return this.#byKey.values();
  }

  ofIdentity(id: string): Session[] {
    return [...this.#byKey.values()].filter((session) => session.identity.id === id);
  }

  /** Whether one more filter is within bounds. */
  addFilter(session: Session, filter: string): boolean {
    if (session.filters.size >= MAX_FILTERS && !session.filters.has(filter)) return false;
    session.filters.add(filter);
    if (isListener(session.identity)) this.#listening.add(session);
    return true;
  }

  removeFilters(client: Client, filters: readonly string[]): void {
    const session = this.#byClient.get(client);
    if (session === undefined) return;
    for (const filter of filters) session.filters.delete(filter);
    if (session.filters.size === 0) this.#listening.delete(session);
  }
}
