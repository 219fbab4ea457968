import type { NotificationRecord, Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Timers } from '../irrigation/timers.ts';
import { waitMs } from '../uplink/backoff.ts';
import { type BucketLimit, filled, taken } from './bucket.ts';
import type { ChannelWatch } from './channel-watch.ts';
import type { Channel, Outcome } from './channels/channel.ts';
import { refused } from './channels/channel.ts';
import { type Content, contentOf } from './content.ts';
import { due, isOwed, type Told } from './escalation.ts';
import { type Group, groups } from './grouping.ts';
import { type AlarmFeed, type Case, type HeardAlarm, heard } from './hearing.ts';
import type { StoredMessage } from './outbox.ts';
import type { Outboxes } from './outboxes.ts';
import type { ChannelName, Person, Priority, Settings } from './settings.ts';

const LOOK_MS = 1_000;
const HOUR_MS = 3_600_000;
/** A message that comes later than this tells nobody anything. */
const LASTS_MS: Readonly<Record<Priority, number>> = {
  critical: 12 * HOUR_MS,
  high: 6 * HOUR_MS,
  low: 3 * HOUR_MS,
};
const TEST_LASTS_MS = HOUR_MS / 4;
const RETRY = { firstMs: 30_000, mostMs: 15 * 60_000 };
const SOON_MS = 5_000;
const OWED_MS = 24 * HOUR_MS;
/** Alarms of which a record names the ids. */
const MOST_NAMED = 20;

export interface NotificationsOptions {
  readonly outbox: Outboxes;
  readonly feed: AlarmFeed;
  /** Undefined: nobody is told of anything. */
  readonly settings: () => Settings | undefined;
  /** Undefined: it is not there, or cannot work. */
  readonly channel: (name: ChannelName) => Channel | undefined;
  readonly limit: (name: ChannelName) => BucketLimit;
  /** Undefined: the person has none for this channel. */
  readonly addressOf: (person: string, channel: ChannelName) => string | undefined;
  /** Puts it into the person's words. */
  readonly words: (
    message: StoredMessage,
  ) => Pick<Parameters<Channel['send']>[0], 'title' | 'text' | 'short' | 'link' | 'language'>;
  /** Whether this person is to be left alone. */
  readonly isQuiet: (person: Person) => boolean;
  readonly clock: { nowMs(): number; steadyMs(): number };
  readonly timers: Timers;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly onSettled: (record: NotificationRecord) => void;
  readonly watch: Pick<ChannelWatch, 'isCheckDue' | 'note'>;
  readonly logger: Logger;
}

/**
 * Tells people of alarms.
 *
 *   alarms ──heard──► cases ──due (escalation)──► groups (gathering, rate) ──► outbox ──lane of a channel──► service
 *
 * What is to be told is on the disk before it is sent. Each channel has a lane of its own, so that a service that hangs
 * keeps nobody from being told another way.
 */
export class Notifications {
  readonly #options: NotificationsOptions;
  readonly #cases = new Map<string, Case>();
  readonly #changed = new Set<string>();
  readonly #waiting = new Map<string, number>();
  readonly #lanes = new Map<ChannelName, Promise<void>>();
  #told: Map<string, Map<string, Told>> | undefined;
  #trouble = '';
  #ending = new AbortController();
  #ends: (() => void)[] = [];

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  start(): void {
    const { outbox, feed, timers } = this.#options;
    this.#ending = new AbortController();
    for (const known of outbox.cases()) this.#cases.set(known.alarmId, known);
    this.catchUp();
    this.#ends = [feed.subscribe((alarm) => this.#hear(alarm)), timers.every(LOOK_MS, () => this.look())];
  }

  /** Whatever is under way is put off; it is tried again after the next start. */
  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    this.#ending.abort();
    await Promise.all(this.#lanes.values());
    this.#keepCases();
  }

  /** Hears of everything anew: after a start, and when people have changed who is told. */
  catchUp(): void {
    const current = this.#options.feed.current();
    const ids = new Set(current.map(({ alarmId }) => alarmId));
    for (const alarm of current) this.#hear(alarm);
    for (const [alarmId, known] of this.#cases)
      if (!ids.has(alarmId) && known.phase !== 'over') this.#put(alarmId, { ...known, phase: 'over' });
  }

  /** What is due becomes messages, and messages are sent; called again and again. */
  look(): void {
    const settings = this.#options.settings();
    try {
      this.#keepCases();
      if (settings !== undefined) this.#tell(settings);
    } catch (error) {
      this.#options.logger.error(
        { err: error },
        'who is to be told of alarms could not be worked out or kept',
      );
    }
    for (const { name } of this.#open()) this.#run(name);
  }

  /** A message that says only that it has come. Resolves to its ids, or the reason why not. */
  test(person: string, channels: readonly ChannelName[], by: string): { ids: string[] } | { reason: Reason } {
    const { outbox, clock, limit, newId } = this.#options;
    const left = channels.map((channel) => ({
      channel,
      bucket: taken(filled(outbox.bucket(person, channel), limit(channel), clock.steadyMs()), false),
    }));
    if (left.some(({ bucket }) => bucket === undefined))
      return { reason: { key: 'notice_too_many', figures: {} } };
    const ids = left.flatMap(({ channel, bucket }) => {
      if (bucket === undefined) return [];
      const id = newId();
      this.#add(
        {
          id,
          person,
          channel,
          bucket,
          content: { kind: 'test', by },
          lastsMs: TEST_LASTS_MS,
          priority: 'high',
        },
        [],
      );
      return id;
    });
    this.look();
    return { ids };
  }

  #hear(alarm: HeardAlarm): void {
    // Nobody is to be told of anything: what stands is heard when somebody is.
    if (this.#options.settings() === undefined) return;
    this.#put(alarm.alarmId, heard(this.#cases.get(alarm.alarmId), alarm, this.#options.clock.steadyMs()));
  }

  #put(alarmId: string, known: Case | undefined): void {
    if (known === undefined) this.#cases.delete(alarmId);
    else this.#cases.set(alarmId, known);
    this.#changed.add(alarmId);
  }

  #keepCases(): void {
    if (this.#changed.size === 0) return;
    const changes = [...this.#changed].map((id) => [id, this.#cases.get(id)] as const);
    this.#options.outbox.keepCases(changes);
    this.#changed.clear();
    this.#told = undefined;
  }

  #tell(settings: Settings): void {
    const { outbox, limit, isQuiet, clock } = this.#options;
    this.#told ??= outbox.told();
    const known = this.#told;
    const nowMs = clock.steadyMs();
    const quiet = new Set(settings.people.filter(isQuiet).map(({ id }) => id));
    const dues = due(settings, {
      cases: this.#cases.values(),
      told: (alarmId, person, channel) => known.get(alarmId)?.get(`${person} ${channel}`),
      canReach: this.#reachable(),
      isQuiet: (person) => quiet.has(person),
      nowMs,
    });
    const bucket = (person: string, channel: ChannelName) => outbox.bucket(person, channel);
    for (const group of groups(dues, { waiting: this.#waiting, bucket, limit, nowMs }))
      this.#enqueue(group, known, nowMs);
    for (const [alarmId, one] of this.#cases) {
      if (one.phase !== 'over') continue;
      const isOld = nowMs - one.sinceMs > OWED_MS && !this.#told?.has(alarmId);
      if (isOld || !isOwed(settings, one, (this.#told ?? known).get(alarmId)?.values() ?? []))
        this.#put(alarmId, undefined);
    }
  }

  /** Of this moment; each is looked up once. */
  #reachable(): (person: string, channel: ChannelName) => boolean {
    const { channel: opened, addressOf } = this.#options;
    const found = new Map<string, boolean>();
    return (person, channel) => {
      const key = `${person} ${channel}`;
      const known = found.get(key);
      if (known !== undefined) return known;
      const can = opened(channel) !== undefined && addressOf(person, channel) !== undefined;
      found.set(key, can);
      return can;
    };
  }

  #enqueue(
    { person, channel, priority, dues, bucket }: Group,
    known: Map<string, Map<string, Told>>,
    nowMs: number,
  ): void {
    const tells = dues.map(({ alarm, what }) => {
      const before = known.get(alarm.alarmId)?.get(`${person} ${channel}`);
      const times = what === 'new' ? 1 : (before?.times ?? 0) + 1;
      const told: Told = {
        ...{ times, lastMs: nowMs, last: what === 'over' ? 'over' : 'alarm' },
        ...{ reached: what === 'over', open: true },
      };
      return { alarmId: alarm.alarmId, told };
    });
    const lastsMs = dues.every(({ what }) => what === 'over') ? LASTS_MS.low : LASTS_MS[priority];
    const id = this.#options.newId();
    this.#add({ id, person, channel, bucket, content: contentOf(dues), lastsMs, priority }, tells);
    for (const { alarmId, told } of tells) {
      const of = known.get(alarmId) ?? new Map<string, Told>();
      known.set(alarmId, of.set(`${person} ${channel}`, told));
    }
  }

  #add(
    {
      lastsMs,
      ...message
    }: Pick<StoredMessage, 'id' | 'person' | 'channel' | 'priority'> & {
      readonly content: Content;
      readonly lastsMs: number;
      readonly bucket: { readonly tokens: number; readonly atMs: number };
    },
    tells: readonly { readonly alarmId: string; readonly told: Told }[],
  ): void {
    const { outbox, clock } = this.#options;
    const createdMs = clock.steadyMs();
    outbox.add({ ...message, createdAtMs: clock.nowMs(), createdMs, expiresMs: createdMs + lastsMs, tells });
  }

  #open(): Channel[] {
    const names: ChannelName[] = ['web_push', 'telegram', 'zalo', 'email', 'webhook', 'sms'];
    return names.flatMap((name) => this.#options.channel(name) ?? []);
  }

  #run(name: ChannelName): void {
    if (this.#lanes.has(name) || this.#ending.signal.aborted) return;
    const lane = this.#send(name)
      .catch((error: unknown) => {
        // A full disk says so each second.
        const trouble = String(error);
        if (trouble !== this.#trouble)
          this.#options.logger.error({ err: error, channel: name }, 'a message could not be sent or settled');
        this.#trouble = trouble;
      })
      .finally(() => this.#lanes.delete(name));
    this.#lanes.set(name, lane);
  }

  async #send(name: ChannelName): Promise<void> {
    const { outbox, clock } = this.#options;
    while (!this.#ending.signal.aborted) {
      const channel = this.#options.channel(name);
      const message = channel && outbox.next(name, clock.steadyMs());
      if (message === undefined) return this.#check(channel);
      const waived = this.#waived(message);
      if (waived === undefined) await this.#sendOne(channel as Channel, message);
      else {
        outbox.giveUp(message.id, waived, clock.nowMs(), waived.key === 'notice_not_needed');
        this.#told = undefined;
        this.#settled(message, 'given_up', waived);
      }
    }
  }

  /** When there is nothing to send: one that fails is to be known before it is needed. */
  async #check(channel: Channel | undefined): Promise<void> {
    const { watch } = this.#options;
    if (channel?.check === undefined || !watch.isCheckDue(channel.name)) return;
    watch.note(channel.name, await channel.check(this.#ending.signal));
  }

  /** Why this one is not sent any more. */
  #waived({ id, content, expiresMs }: StoredMessage): Reason | undefined {
    const { outbox, clock } = this.#options;
    if (clock.steadyMs() >= expiresMs) return { key: 'notice_too_late', figures: {} };
    if (content.kind === 'test' || content.counts.over > 0) return undefined;
    const isNeeded = outbox.alarmsOf(id).some((alarmId) => this.#cases.get(alarmId)?.phase === 'calls');
    return isNeeded ? undefined : { key: 'notice_not_needed', figures: {} };
  }

  async #sendOne(channel: Channel, message: StoredMessage): Promise<void> {
    const { outbox, clock, addressOf, words, random, logger } = this.#options;
    const { id, person, priority, createdAtMs } = message;
    const to = addressOf(person, channel.name);
    let outcome: Outcome = refused('notice_no_address');
    if (to !== undefined) {
      outbox.sending(id, clock.nowMs());
      const expiresAtMs = clock.nowMs() + message.expiresMs - clock.steadyMs();
      outcome = await channel.send(
        { id, to, priority, createdAtMs, expiresAtMs, ...words(message) },
        this.#ending.signal,
      );
    }
    if (to !== undefined) this.#options.watch.note(channel.name, outcome);
    const afterMs = outcome.outcome === 'later' ? outcome.afterMs : undefined;
    const pauseMs = afterMs ?? waitMs(message.attempts, { ...RETRY, random });
    outbox.settle(id, outcome, clock.nowMs(), clock.steadyMs() + Math.max(SOON_MS, pauseMs));
    this.#told = undefined;
    if (outcome.outcome === 'accepted') return this.#settled(message, 'accepted');
    // Who and why, never where to.
    logger.warn({ message: id, person, channel: channel.name, ...outcome }, 'a message did not go');
    if (outcome.outcome === 'refused') this.#settled(message, 'failed', outcome.reason);
  }

  #settled(message: StoredMessage, state: NotificationRecord['state'], reason?: Reason): void {
    const { id: messageId, person, channel, priority, attempts } = message;
    const alarms = this.#options.outbox.alarmsOf(messageId);
    this.#options.onSettled({
      ...{
        kind: 'notification',
        atMs: this.#options.clock.nowMs(),
        messageId,
        person,
        channel,
        priority,
        state,
      },
      ...{ attempts: attempts + Number(state !== 'given_up'), alarms: alarms.length },
      ...{ alarmIds: alarms.slice(0, MOST_NAMED), ...(reason === undefined ? {} : { reason }) },
    });
  }
}
