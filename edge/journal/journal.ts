import { randomBytes } from 'node:crypto';
import { GENESIS_HASH, type JournalRecord, parseRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { loadOrCreateKey } from './key.ts';
import { AppendQueue } from './queue.ts';
import { JournalThread } from './thread.ts';
import { explainTrouble } from './trouble.ts';
import type { Journal, JournalEntry, JournalHealth, ReadingsBatch, RecordKind, RecordOf } from './types.ts';

interface JournalOptions {
  readonly path: string;
  readonly keyPath: string;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly logger: Logger;
}

export interface OpenJournal extends Journal {
  /** The gateway's Ed25519 public key, 64 hex digits; known after start(). */
  readonly publicKeyHex: string;
  /** 32 hex digits, new for each process. */
  readonly bootId: string;
}

/** Nothing is touched before start(). */
export function openJournal(options: JournalOptions): OpenJournal {
  return new SqliteJournal(options);
}

/**
 * Group commit that never waits idly: an append to an idle journal is committed at once, and what arrives while a
 * commit is under way becomes the next one. So the slower the disk, the larger the groups.
 */
class SqliteJournal implements OpenJournal {
  readonly bootId = randomBytes(16).toString('hex');
  readonly #options: JournalOptions;
  readonly #queue = new AppendQueue();
  readonly #thread: JournalThread;
  readonly #listeners = new Set<(lastNumber: number) => void>();
  readonly #bootMs: number;
  #publicKeyHex = '';
  #health: JournalHealth = { healthy: true };
  #state: 'closed' | 'open' | 'closing' = 'closed';
  #committing: Promise<void> | undefined;
  #lastNumber = 0;
  #waiting = 0;
  #nextReading = 0;
  #recentKeys: Uint8Array = new Uint8Array();
  #onTrouble = () => {};

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#bootMs = options.clock.monotonicMs();
    this.#thread = new JournalThread(
      (why) => explainTrouble(why, options.path, options.keyPath),
      (error) => this.#trouble(error.message),
    );
  }

  get publicKeyHex(): string {
    return this.#publicKeyHex;
  }

  async start(): Promise<void> {
    const { path, keyPath } = this.#options;
    const key = loadOrCreateKey(keyPath);
    const tail = await this.#thread.start({ path, privateKeyPem: key.pem, genesisHash: GENESIS_HASH });
    this.#publicKeyHex = key.publicKeyHex;
    this.#lastNumber = tail.lastNumber;
    this.#nextReading = tail.nextReading;
    this.#recentKeys = tail.recentKeys;
    this.#state = 'open';
  }

  appendReadings(batch: ReadingsBatch): Promise<number> {
    return this.#append(() => this.#queue.addReadings(batch, this.#nextReading - batch.count));
  }

  appendRecord(record: JournalRecord): Promise<number> {
    return this.#append(() => this.#queue.addRecord(record));
  }

  read(afterNumber: number, limit: number): Promise<JournalEntry[]> {
    return this.#thread.ask({ ask: 'read', after: afterNumber, limit });
  }

  lastNumber(): number {
    return this.#lastNumber;
  }

  nextRunningNumber(count: number): number {
    const first = this.#nextReading;
    this.#nextReading += count;
    return first;
  }

  cursor(name: string): Promise<number> {
    return this.#thread.ask({ ask: 'cursor', name });
  }

  moveCursor(name: string, number: number): Promise<void> {
    return this.#thread.ask({ ask: 'moveCursor', name, number });
  }

  async records<Kind extends RecordKind>(kind: Kind, limit: number): Promise<RecordOf<Kind>[]> {
    const payloads = await this.#thread.ask({ ask: 'records', kind, limit });
    return payloads.map((payload) => parseRecord(payload) as RecordOf<Kind>);
  }

  recentKeys(): Uint8Array {
    return this.#recentKeys;
  }

  onCommit(listener: (lastNumber: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  health(): JournalHealth {
    return this.#health;
  }

  waiting(): number {
    return this.#waiting;
  }

  async stop(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    // A disk that refuses must not hold up the end: what is not committed was never acknowledged.
    const troubled = new Promise<void>((resolve) => {
      this.#onTrouble = resolve;
    });
    if (this.#health.healthy) await Promise.race([this.#committing, troubled]);
    await this.#thread.stop();
    await this.#committing;
    this.#state = 'closed';
  }

  #append(add: () => Promise<number>): Promise<number> {
    if (this.#state !== 'open') return Promise.reject(new Error('the journal is closed'));
    const appended = add();
    this.#waiting += 1;
    this.#committing ??= this.#commitAll();
    return appended;
  }

  async #commitAll(): Promise<void> {
    // Let what came with the same packet join the first group.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#queue.isEmpty) {
      const group = this.#queue.take();
      try {
        this.#lastNumber = await this.#thread.ask({
          ask: 'commit',
          commit: { ...group.commit, bootId: this.bootId, monotonicMs: this.#monotonicMs() },
        });
      } catch (error) {
        this.#waiting -= group.size;
        group.reject(error as Error);
        continue;
      }
      this.#waiting -= group.size;
      this.#recovered();
      group.resolve(this.#lastNumber);
      for (const listener of this.#listeners) listener(this.#lastNumber);
    }
    this.#committing = undefined;
  }

  #monotonicMs(): number {
    return Math.max(0, Math.trunc(this.#options.clock.monotonicMs() - this.#bootMs));
  }

  #trouble(reason: string): void {
    if (this.#health.healthy)
      this.#options.logger.error({ reason }, 'the journal cannot write; trying again each second');
    this.#health = { healthy: false, reason };
    this.#onTrouble();
  }

  #recovered(): void {
    if (this.#health.healthy) return;
    this.#options.logger.info('the journal writes again');
    this.#health = { healthy: true };
  }
}
