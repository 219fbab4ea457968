import type { Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Bucket } from './bucket.ts';
import type { Outcome } from './channels/channel.ts';
import type { Told } from './escalation.ts';
import type { Case } from './hearing.ts';
import { type NewMessage, Outbox, type StoredMessage } from './outbox.ts';
import type { ChannelName } from './settings.ts';

/**
 * The outbox on the disk, and beside it one in memory for the hours in which the disk takes nothing: that the disk is full is itself
 * something to tell people. What went by memory is not known after a restart, and then said once more.
 */
export class Outboxes {
  readonly disk: Outbox;
  readonly #memory = new Outbox(':memory:');
  readonly #logger: Logger;
  #isTold = false;

  constructor(path: string, logger: Logger) {
    this.disk = new Outbox(path);
    this.#logger = logger;
  }

  start(): void {
    this.disk.start();
    this.#memory.start();
  }

  stop(): void {
    this.disk.stop();
    this.#memory.stop();
  }

  add(message: NewMessage): void {
    if (!this.#kept(() => this.disk.add(message))) this.#memory.add(message);
  }

  next(channel: ChannelName, nowMs: number): StoredMessage | undefined {
    return this.#memory.next(channel, nowMs) ?? this.disk.next(channel, nowMs);
  }

  /** Throws when it cannot be kept: then it is not sent now, for nobody would know. */
  sending(id: string, atMs: number): void {
    this.#of(id).sending(id, atMs);
  }

  settle(id: string, outcome: Outcome, atMs: number, nextMs: number): void {
    this.#of(id).settle(id, outcome, atMs, nextMs);
  }

  giveUp(id: string, reason: Reason, atMs: number, isForgotten: boolean): void {
    this.#of(id).giveUp(id, reason, atMs, isForgotten);
  }

  /** Newest first. */
  list(limit: number): StoredMessage[] {
    return [...this.#memory.list(limit), ...this.disk.list(limit)]
      .sort((a, b) => b.createdAtMs - a.createdAtMs)
      .slice(0, limit);
  }

  alarmsOf(id: string): string[] {
    return this.#of(id).alarmsOf(id);
  }

  cases(): Case[] {
    return this.disk.cases();
  }

  keepCases(changes: readonly (readonly [alarmId: string, known: Case | undefined])[]): void {
    this.#kept(() => this.disk.keepCases(changes));
    this.#memory.keepCases(changes.filter(([, known]) => known === undefined));
  }

  told(): Map<string, Map<string, Told>> {
    const found = this.disk.told();
    for (const [alarmId, more] of this.#memory.told())
      found.set(alarmId, new Map([...(found.get(alarmId) ?? []), ...more]));
    return found;
  }

  bucket(person: string, channel: ChannelName): Bucket | undefined {
    const [disk, memory] = [this.disk.bucket(person, channel), this.#memory.bucket(person, channel)];
    return disk === undefined || (memory !== undefined && memory.atMs > disk.atMs) ? (memory ?? disk) : disk;
  }

  waiting(): Map<ChannelName, number> {
    const found = this.disk.waiting();
    for (const [name, count] of this.#memory.waiting()) found.set(name, (found.get(name) ?? 0) + count);
    return found;
  }

  #of(id: string): Outbox {
    return this.#memory.message(id) === undefined ? this.disk : this.#memory;
  }

  /** False when the disk has not taken it; that is told once. */
  #kept(write: () => void): boolean {
    try {
      write();
      this.#isTold = false;
      return true;
    } catch (error) {
      if (!this.#isTold)
        this.#logger.error(
          { err: error },
          'the disk does not take what people are to be told; it goes by memory',
        );
      this.#isTold = true;
      return false;
    }
  }
}
