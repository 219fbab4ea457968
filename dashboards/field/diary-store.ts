import type { DiaryRevision, Waiting } from '@nongtin/broker/wire/diary';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

/** A revision as this phone knows it: made here, or fetched from the gateway. */
export interface KnownRevision {
  readonly revision: DiaryRevision;
  /** Name of who made it. */
  readonly author: string;
  /** Of its journal entry, and when the gateway got it; absent: not sent yet. */
  readonly number?: number;
  readonly receivedAtMs?: number;
}

/** A photo or voice note that the gateway has not got whole. */
export interface HeldFile {
  readonly sha256: string;
  readonly blob: Blob;
}

interface Schema extends DBSchema {
  known: { key: string; value: KnownRevision };
  /** In the order in which they were made. */
  outbox: { key: number; value: Waiting & { readonly author: string }; indexes: { revisionId: string } };
  files: { key: string; value: HeldFile };
  meta: { key: string; value: unknown };
}

/**
 * The diary on the phone, in IndexedDB: what it knows, what it still has to send, and files. A revision and its files are
 * written in one transaction, so that an entry is there with its photos or not at all.
 */
export class DiaryStore {
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  /** Rejects where the browser keeps nothing (a full phone, some private windows). */
  static async open(name = 'nongtin-diary'): Promise<DiaryStore> {
    const database = await openDB<Schema>(name, 1, {
      upgrade(made) {
        made.createObjectStore('known');
        const outbox = made.createObjectStore('outbox', { autoIncrement: true });
        outbox.createIndex('revisionId', 'revision.revisionId', { unique: true });
        made.createObjectStore('files', { keyPath: 'sha256' });
        made.createObjectStore('meta');
      },
      // A newer version of the page in another tab may go on.
      blocking: (_current, _next, event) => (event.target as IDBDatabase).close(),
    });
    return new DiaryStore(database);
  }

  known(): Promise<KnownRevision[]> {
    return this.#database.getAll('known');
  }

  files(): Promise<HeldFile[]> {
    return this.#database.getAll('files');
  }

  /** What this account still has to send, oldest first; other accounts send theirs when they are signed in. */
  async waiting(account: string): Promise<Waiting[]> {
    const all = await this.#database.getAll('outbox');
    return all.filter(({ author }) => author === account);
  }

  /** Resolves when it is on the phone's disk. */
  async make(revision: DiaryRevision, author: string, files: readonly HeldFile[]): Promise<void> {
    const change = this.#database.transaction(['known', 'outbox', 'files'], 'readwrite', {
      durability: 'strict',
    });
    await Promise.all([
      change.objectStore('known').put({ revision, author }, revision.revisionId),
      change.objectStore('outbox').add({ revision, author: revision.author }),
      ...files.map((file) => change.objectStore('files').put(file)),
      change.done,
    ]);
  }

  /** After an answer: what is not in `left` any more has arrived, the others keep what is wrong with them. */
  async settle(sent: readonly string[], left: readonly Waiting[]): Promise<void> {
    const change = this.#database.transaction('outbox', 'readwrite');
    const kept = new Map(left.map((one) => [one.revision.revisionId, one]));
    for (const revisionId of sent) {
      const key = await change.store.index('revisionId').getKey(revisionId);
      if (key === undefined) continue;
      const waiting = kept.get(revisionId);
      if (waiting === undefined) await change.store.delete(key);
      else await change.store.put({ ...waiting, author: waiting.revision.author }, key);
    }
    await change.done;
  }

  /** A revision that nobody has accepted, and what was made on it, as far as nobody has accepted that. */
  async discard(revisionId: string): Promise<void> {
    const change = this.#database.transaction(['known', 'outbox'], 'readwrite');
    const outbox = change.objectStore('outbox');
    const gone = new Set([revisionId]);
    for (let cursor = await outbox.openCursor(); cursor !== null; cursor = await cursor.continue()) {
      const { revision } = cursor.value;
      if (!gone.has(revision.revisionId) && !revision.madeOn.some((id) => gone.has(id))) continue;
      gone.add(revision.revisionId);
      await cursor.delete();
      await change.objectStore('known').delete(revision.revisionId);
    }
    await change.done;
  }

  /** A page of what the gateway knows, and how far that goes. */
  async learn(revisions: readonly KnownRevision[], upTo: number): Promise<void> {
    const change = this.#database.transaction(['known', 'meta'], 'readwrite');
    await Promise.all([
      ...revisions.map((one) => change.objectStore('known').put(one, one.revision.revisionId)),
      change.objectStore('meta').put(upTo, 'upTo'),
      change.done,
    ]);
  }

  async upTo(): Promise<number> {
    return Number((await this.#database.get('meta', 'upTo')) ?? 0);
  }

  async dropFile(sha256: string): Promise<void> {
    await this.#database.delete('files', sha256);
  }

  /** What the page shows when nobody answers: the farm, the last days' measurements. */
  async keep(name: string, value: unknown): Promise<void> {
    await this.#database.put('meta', value, name);
  }

  async kept<T>(name: string): Promise<T | undefined> {
    return (await this.#database.get('meta', name)) as T | undefined;
  }
}
