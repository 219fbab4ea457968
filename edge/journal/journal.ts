import { randomBytes } from 'node:crypto';
import { GENESIS_HASH, type JournalRecord, parseRecord, type ThinnedRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { Housekeeping } from './housekeeping.ts';
import { loadOrCreateKey } from './key.ts';
import { type JournalProfile, Pacing } from './pacing.ts';
import type {
  Commit,
  CommittedReadings,
  DamageReport,
  JournalLimits,
  Trouble,
  UpkeepReport,
  UpkeepRequest,
} from './protocol.ts';
import { AppendQueue, type Group } from './queue.ts';
import { RecentEntries, recentEntry } from './recent.ts';
import { type Schedule, scheduleForReal } from './schedule.ts';
import { JournalThread } from './thread.ts';
import { damageSentence, explainTrouble, explainWaiting } from './trouble.ts';
import { causeOf } from './trouble-of.ts';
import type {
  AppendOptions,
  FieldOf,
  Journal,
  JournalEntry,
  JournalFill,
  JournalHealth,
  NumberedRecord,
  ReadingsBatch,
  RecordKind,
  RecordOf,
  TimeSpan,
  WriteCause,
} from './types.ts';
import { unlessTroubled } from './unless-troubled.ts';

interface JournalOptions {
  readonly path: string;
  readonly keyPath: string;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly logger: Logger;
  /** `normal` unless given. */
  readonly profile?: JournalProfile;
  readonly limits?: JournalLimits;
  /** Calls back later, with 0 as soon as what is being read from the network is taken in. Gives the way to stop it. */
  readonly schedule?: Schedule;
}

const DEFAULT_MAX_BYTES = 2_048 * 1024 * 1024;
const CURSORS_SAVED_MS: Readonly<Record<JournalProfile, number>> = { normal: 1_000, gentle: 30_000 };

export interface OpenJournal extends Journal {
  /** The gateway's Ed25519 public key, 64 hex digits; known after start(). */
  readonly publicKeyHex: string;
  /** 32 hex digits, new for each process. */
  readonly bootId: string;
  /** Called when a damaged journal was salvaged; at once when that was so at start. */
  onDamage(listener: (damage: DamageReport) => void): void;
  /** Called each time a commit has to be put off, about once a second; at once when that is so. */
  onTrouble(listener: (cause: WriteCause) => void): () => void;
  /** Called after each turn of housekeeping, which comes seconds after something was written. */
  onTurn(listener: (report: Pick<UpkeepReport, 'isTight' | 'isLookedThrough'>) => void): void;
}

/** Nothing is touched before start(). */
export function openJournal(options: JournalOptions): OpenJournal {
  return new SqliteJournal(options);
}

/**
 * Group commit that never waits idly: an append to a quiet journal is committed at once, what arrives while a commit is
 * under way becomes the next one, and what is urgent takes everything along that waits (pacing.ts). So the slower the
 * disk, the larger the groups.
 */
class SqliteJournal implements OpenJournal {
  readonly bootId = randomBytes(16).toString('hex');
  readonly #options: JournalOptions;
  readonly #queue = new AppendQueue();
  readonly #thread: JournalThread;
  readonly #recent = new RecentEntries();
  readonly #listeners = new Set<(lastNumber: number, isUrgent: boolean) => void>();
  readonly #bootMs: number;
  readonly #pacing: Pacing;
  readonly #schedule: Schedule;
  readonly #housekeeping: Housekeeping;
  #cancelCommit: (() => void) | undefined;
  #isCommitNow = false;
  readonly #damageListeners: ((damage: DamageReport) => void)[] = [];
  readonly #troubleListeners = new Set<(cause: WriteCause) => void>();
  readonly #turnListeners: ((report: UpkeepReport) => void)[] = [];
  #damage: DamageReport | undefined;
  #publicKeyHex = '';
  #health: JournalHealth = { healthy: true };
  #state: 'closed' | 'open' | 'closing' = 'closed';
  #committing: Promise<void> | undefined;
  #lastNumber = 0;
  #waiting = 0;
  #nextReading = 0;
  #recentKeys: Uint8Array = new Uint8Array();

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#bootMs = options.clock.monotonicMs();
    this.#pacing = new Pacing(options.profile ?? 'normal');
    this.#schedule = options.schedule ?? scheduleForReal;
    this.#thread = new JournalThread(
      (why) => explainTrouble(why, options.path, options.keyPath),
      (why) => this.#trouble(why),
      (report) => this.#kept(report),
      (damage) => this.#damaged(damage),
    );
    this.#housekeeping = new Housekeeping({
      schedule: this.#schedule,
      turn: (mayPack) => this.#keepHouse(mayPack),
      onProblem: (error) => {
        if (this.#state === 'open') options.logger.warn({ err: error }, 'the journal could not be tidied');
      },
    });
  }

  get publicKeyHex(): string {
    return this.#publicKeyHex;
  }

  async start(): Promise<void> {
    const { path, keyPath } = this.#options;
    const key = loadOrCreateKey(keyPath);
    const tail = await this.#thread.start({
      path,
      privateKeyPem: key.pem,
      genesisHash: GENESIS_HASH,
      limits: this.#options.limits ?? { maxBytes: DEFAULT_MAX_BYTES },
      cursorsSavedMs: CURSORS_SAVED_MS[this.#options.profile ?? 'normal'],
    });
    this.#publicKeyHex = key.publicKeyHex;
    this.#lastNumber = tail.lastNumber;
    this.#nextReading = tail.nextReading;
    this.#recentKeys = tail.recentKeys;
    this.#state = 'open';
    this.#housekeeping.begin(tail.fill);
    if (tail.damage !== undefined) this.#damaged(tail.damage);
  }

  appendReadings(batch: ReadingsBatch): Promise<number> {
    if (this.#state !== 'open') return closed();
    const stored = this.#queue.addReadings(batch, this.#nextReading - batch.count);
    this.#waiting += 1;
    if (this.#committing === undefined) this.#plan(this.#queue.isFull);
    return stored;
  }

  appendRecord(record: JournalRecord, { urgent = true }: AppendOptions = {}): Promise<number> {
    if (this.#state !== 'open') return closed();
    const stored = this.#queue.addRecord(record, urgent);
    this.#waiting += 1;
    if (this.#committing === undefined) this.#plan(urgent);
    return stored;
  }

  read(afterNumber: number, limit: number): Promise<JournalEntry[]> {
    const recent = this.#recent.after(afterNumber, limit);
    if (recent.length > 0) return Promise.resolve(recent);
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
    return this.#thread.ask({ ask: 'cursor', name, nowMs: this.#options.clock.nowMs() });
  }

  moveCursor(name: string, number: number): Promise<void> {
    return this.#thread.ask({ ask: 'moveCursor', name, number, nowMs: this.#options.clock.nowMs() });
  }

  async records<Kind extends RecordKind>(kind: Kind, limit: number): Promise<RecordOf<Kind>[]> {
    const payloads = await this.#thread.ask({ ask: 'records', kind, limit });
    return payloads.map((payload) => parseRecord(payload) as RecordOf<Kind>);
  }

  async recordsAfter<Kind extends RecordKind>(
    kind: Kind,
    after: number,
    limit: number,
    span?: TimeSpan,
  ): Promise<NumberedRecord<Kind>[]> {
    const found = await this.#thread.ask({ ask: 'recordsAfter', kind, after, limit, span });
    return found.map(({ number, payload }) => ({
      number,
      record: parseRecord(payload) as RecordOf<Kind>,
    }));
  }

  async newest<Kind extends RecordKind>(kind: Kind, field: FieldOf<Kind>): Promise<RecordOf<Kind>[]> {
    const payloads = await this.#thread.ask({ ask: 'newest', kind, field });
    return payloads.map((payload) => parseRecord(payload) as RecordOf<Kind>);
  }

  recentKeys(): Uint8Array {
    return this.#recentKeys;
  }

  onCommit(listener: (lastNumber: number, isUrgent: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onThinned(listener: (record: ThinnedRecord) => void): () => void {
    return this.#housekeeping.onThinned(listener);
  }

  onDamage(listener: (damage: DamageReport) => void): void {
    this.#damageListeners.push(listener);
    if (this.#damage !== undefined) listener(this.#damage);
  }

  onTrouble(listener: (cause: WriteCause) => void): () => void {
    this.#troubleListeners.add(listener);
    if (!this.#health.healthy) listener(this.#health.cause);
    return () => this.#troubleListeners.delete(listener);
  }

  onTurn(listener: (report: UpkeepReport) => void): void {
    this.#turnListeners.push(listener);
  }

  fill(): JournalFill {
    return { ...this.#housekeeping.fill, entries: this.#lastNumber };
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
    this.#housekeeping.stop();
    if (this.#committing === undefined) this.#commit(false);
    // A disk that refuses must not hold up the end: what is not committed was never acknowledged.
    await unlessTroubled(this, this.#committing);
    await this.#thread.stop();
    await this.#committing;
    this.#recent.clear();
    this.#state = 'closed';
  }

  /** Called for each append while nothing is being committed: cheap when the commit is planned already. */
  #plan(now: boolean): void {
    if (this.#isCommitNow) return;
    const atOnce = now || this.#queue.appends >= this.#pacing.enough;
    if (this.#cancelCommit !== undefined && !atOnce) return;
    const delayMs = atOnce ? 0 : this.#pacing.delayMs(this.#options.clock.monotonicMs());
    this.#cancelCommit?.();
    this.#isCommitNow = delayMs === 0;
    this.#cancelCommit = this.#schedule(() => this.#commit(delayMs > 0), delayMs);
  }

  #commit(hadItsTime: boolean): void {
    this.#cancelCommit?.();
    this.#cancelCommit = undefined;
    this.#isCommitNow = false;
    if (this.#queue.isEmpty) return;
    this.#committing = this.#commitWaiting(hadItsTime);
  }

  async #commitWaiting(hadItsTime: boolean): Promise<void> {
    let timeIsOver = hadItsTime;
    for (let group = this.#queue.take(); group !== undefined; group = this.#nextAtOnce()) {
      const nowMs = this.#options.clock.monotonicMs();
      this.#pacing.taken(group.size, nowMs, timeIsOver);
      await this.#commitGroup(group, nowMs);
      timeIsOver = false;
    }
    this.#committing = undefined;
    if (!this.#queue.isEmpty) this.#plan(false);
  }

  /** What came during a commit, unless it may wait a little for more. */
  #nextAtOnce(): Group | undefined {
    const queue = this.#queue;
    const mayWait =
      this.#state === 'open' &&
      !queue.isFull &&
      !queue.isUrgent &&
      queue.appends < this.#pacing.enough &&
      this.#pacing.delayMs(this.#options.clock.monotonicMs()) > 0;
    return mayWait ? undefined : queue.take();
  }

  async #commitGroup(group: Group, nowMs: number): Promise<void> {
    try {
      const { bootId } = this;
      const monotonicMs = this.#sinceBootMs(nowMs);
      const commit = { ...group.content(), bootId, monotonicMs, nowMs: this.#options.clock.nowMs() };
      const { lastNumber, readings } = await this.#thread.ask({ ask: 'commit', commit });
      this.#lastNumber = lastNumber;
      if (readings !== undefined) this.#keep(commit, readings);
    } catch (error) {
      this.#waiting -= group.size;
      group.reject(error as Error);
      return;
    }
    this.#waiting -= group.size;
    this.#recovered();
    group.resolve(this.#lastNumber);
    this.#tellCommit(group.isUrgent);
    this.#housekeeping.wrote(group.bytes);
  }

  #keep({ bootId, monotonicMs, readings }: Commit, { payload, ...proof }: CommittedReadings): void {
    if (readings === undefined) return;
    const { count, firstAtMs, lastAtMs } = readings;
    const head = { ...proof, kind: 'readings', bootId, monotonicMs, count, firstAtMs, lastAtMs };
    this.#recent.add(recentEntry(head, payload));
  }

  #tellCommit(isUrgent: boolean): void {
    for (const listener of this.#listeners) listener(this.#lastNumber, isUrgent);
  }

  async #keepHouse(mayPack: boolean): Promise<UpkeepReport> {
    const { clock } = this.#options;
    const upkeep: UpkeepRequest = {
      bootId: this.bootId,
      monotonicMs: this.#sinceBootMs(clock.monotonicMs()),
      nowMs: clock.nowMs(),
      mayPack,
    };
    const report = await this.#thread.ask({ ask: 'upkeep', upkeep });
    this.#seen(report);
    for (const listener of this.#turnListeners) listener(report);
    return report;
  }

  #kept(report: UpkeepReport): void {
    this.#seen(report);
    this.#housekeeping.take(report);
  }

  /** The thread may have journaled a record of its own. */
  #seen({ lastNumber }: UpkeepReport): void {
    if (lastNumber <= this.#lastNumber) return;
    this.#lastNumber = lastNumber;
    this.#tellCommit(false);
  }

  #sinceBootMs(nowMs: number): number {
    return Math.max(0, Math.trunc(nowMs - this.#bootMs));
  }

  #damaged(damage: DamageReport): void {
    this.#options.logger.error(damage, damageSentence(damage, this.#options.path));
    this.#lastNumber = Math.max(this.#lastNumber, damage.lastNumber);
    this.#damage = damage;
    this.#recent.clear();
    for (const listener of this.#damageListeners) listener(damage);
  }

  #trouble(why: Trouble): void {
    const cause = causeOf(why);
    const reason = explainWaiting(why, this.#options.path, this.#options.keyPath);
    if (this.#health.healthy)
      this.#options.logger.error({ reason }, 'the journal cannot write; trying again each second');
    this.#health = { healthy: false, cause, reason };
    for (const listener of this.#troubleListeners) listener(cause);
  }

  #recovered(): void {
    if (this.#health.healthy) return;
    this.#options.logger.info('the journal writes again');
    this.#health = { healthy: true };
  }
}

const closed = () => Promise.reject(new Error('the journal is closed'));
