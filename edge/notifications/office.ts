import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { JournalRecord, Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Timers } from '../irrigation/timers.ts';
import type { BucketLimit } from './bucket.ts';
import { type ChannelAlarms, ChannelWatch } from './channel-watch.ts';
import { type Subscription, subscriptionProblem } from './channels/web-push.ts';
import { wordsOf } from './content.ts';
import type { AlarmFeed } from './hearing.ts';
import { masked, unmasked } from './masks.ts';
import { Notifications } from './notifications.ts';
import { type OpenedChannels, openChannels } from './open-channels.ts';
import type { StoredMessage } from './outbox.ts';
import { Outboxes } from './outboxes.ts';
import { openPushKeys } from './push-keys.ts';
import { isQuiet } from './quiet.ts';
import type { Secrets } from './secrets.ts';
import { readSentences, type Sentences } from './sentences.ts';
import {
  type ChannelName,
  channelNames,
  channelsOf,
  type Person,
  type Settings,
  settingsProblems,
} from './settings.ts';
import { SettingsFile } from './settings-file.ts';
import { steadyClock } from './steady-clock.ts';
import { Subscriptions } from './subscriptions.ts';

interface OfficeOptions {
  /** The gateway's data folder. */
  readonly folder: string;
  /** The page's catalogues of sentences. */
  readonly messagesFolder: string;
  readonly secrets: Secrets;
  readonly feed: AlarmFeed;
  /** Where it is an alarm that people cannot be told. */
  readonly alarms: ChannelAlarms;
  readonly farm: () => { readonly site: string; readonly timeZone?: string };
  /** What people call a source of alarms. */
  readonly nameOf: (source: string) => string | undefined;
  readonly journal: { appendRecord(record: JournalRecord): Promise<number> };
  readonly clock: { nowMs(): number; monotonicMs(): number; isTrusted(): boolean };
  readonly timers: Timers;
  readonly logger: Logger;
}

const LOOK_AT_FILE_MS = 10_000;
const MINUTE_MS = 60_000;
const FARM_TIME_ZONE = 'Asia/Ho_Chi_Minh';
/** Messages at once, then an hour; an SMS costs money. */
const LIMIT: BucketLimit = { burst: 5, perHour: 12 };
const SMS_LIMIT: BucketLimit = { burst: 3, perHour: 4 };
const CLOSED: OpenedChannels = { channels: new Map(), problems: new Map(), modem: undefined };

/** Why somebody cannot be told, in words that the page has. */
export type Refusal = { readonly reason: Reason; readonly message: string };

/**
 * Notifications with all that they need: the file of who is told, read again when it changes, secrets, channels, the outbox.
 * Without the file it holds nothing open, keeps nothing and sends nothing.
 */
export class NotificationOffice {
  readonly #options: OfficeOptions;
  readonly #file: SettingsFile;
  readonly #outbox: Outboxes;
  readonly #subscriptions: Subscriptions;
  readonly #watch: ChannelWatch;
  #sentences: Sentences | undefined;
  #opened = CLOSED;
  #pushKey: string | undefined;
  #notifications: Notifications | undefined;
  #steadyMs: () => number = () => 0;
  #ends: (() => void)[] = [];
  #changing: Promise<void> = Promise.resolve();

  constructor(options: OfficeOptions) {
    this.#options = options;
    this.#file = new SettingsFile(join(options.folder, 'notifications.json'));
    this.#outbox = new Outboxes(join(options.folder, 'notifications.sqlite'), options.logger);
    this.#subscriptions = new Subscriptions(this.#outbox.disk);
    this.#watch = new ChannelWatch({
      alarms: options.alarms,
      clock: { steadyMs: () => options.clock.monotonicMs() },
    });
  }

  /** Never rejects: a farm is watered whether or not people can be told. */
  async start(): Promise<void> {
    const { timers } = this.#options;
    await this.#look();
    // Also what an earlier start has left standing.
    if (this.#file.settings === undefined) this.#watch.open([], []);
    this.#watch.file(this.#file.problems.length);
    this.#ends = [
      timers.every(LOOK_AT_FILE_MS, () => {
        this.#changing = this.#changing.then(() => this.#look());
      }),
      timers.every(MINUTE_MS, () => this.#everyMinute()),
    ];
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await this.#changing;
    await this.#close();
  }

  /** What people may see of it: no address, no secret. */
  view(mostMessages: number) {
    const { settings, problems, path } = this.#file;
    const waiting =
      this.#notifications === undefined ? new Map<ChannelName, number>() : this.#outbox.waiting();
    const messages = this.#notifications === undefined ? [] : this.#outbox.list(mostMessages);
    const names = channelNames.filter((name) => settings?.channels[name] !== undefined);
    return {
      isConfigured: settings !== undefined,
      file: path,
      problems: [...problems],
      channels: names.map((name) => ({
        name,
        problem: this.#opened.problems.get(name) ?? null,
        waiting: waiting.get(name) ?? 0,
        ...lastWord(messages, name),
        ...(name === 'sms' ? { signalDbm: this.#opened.modem?.state?.signalDbm ?? null } : {}),
      })),
      people: (settings?.people ?? []).map(({ id, name, account, quietHours, ...person }) => ({
        ...{ id, name, hasAccount: account !== undefined, quietHours: quietHours ?? null },
        channels: channelsOf(
          { id, name, ...person, ...(account ? { account } : {}) },
          undefined,
          settings?.channels ?? {},
        ),
      })),
      messages: messages.map(({ id, person, channel, priority, content, state, ...rest }) => ({
        ...{ id, channel, priority, content, state },
        person: settings?.people.find((one) => one.id === person)?.name ?? person,
        ...{ attempts: rest.attempts, createdAtMs: rest.createdAtMs, changedAtMs: rest.changedAtMs },
        reason: rest.reason,
      })),
    };
  }

  /** Of the person who is signed in with this account. */
  mine(email: string) {
    const { settings } = this.#file;
    const person = this.#personOf(email);
    return {
      isConfigured: settings !== undefined,
      name: person?.name ?? null,
      channels: person && settings ? channelsOf(person, undefined, settings.channels) : [],
      /** Browsers subscribe with it; null: web push is not set up. */
      pushKey: settings?.channels.web_push === undefined ? null : (this.#pushKey ?? null),
      subscriptions:
        this.#notifications === undefined ? 0 : this.#subscriptions.of(email.toLowerCase()).length,
    };
  }

  /** For who sets it up: addresses as masks. `settings` null: there is no file, or none that can be used. */
  settings() {
    const { settings, version, problems } = this.#file;
    return { settings: settings === undefined ? null : masked(settings), version, problems: [...problems] };
  }

  /**
   * Writes who is told, by what and when, and takes it up at once. Masks stand for the addresses that are there. What is wrong with it is
   * told by field, and then nothing is written; `changed`: so is the file since `version` was read.
   */
  async change(
    wished: Settings,
    version: string,
    by: string,
  ): Promise<{ readonly problems: readonly string[] } | 'changed' | 'done'> {
    this.#changing = this.#changing.then(() => this.#look());
    await this.#changing;
    if (version !== this.#file.version) return 'changed';
    const { settings, problems } = unmasked(wished, this.#file.settings);
    const all = [...problems, ...(problems.length > 0 ? [] : settingsProblems(settings))];
    if (all.length > 0) return { problems: all };
    this.#file.write(settings);
    this.#options.logger.info({ by }, 'who is told of alarms was changed');
    this.#changing = this.#changing.then(() => this.#look());
    await this.#changing;
    return 'done';
  }

  test(email: string, by: string): { readonly ids: string[] } | Refusal {
    const person = this.#personOf(email);
    const { settings } = this.#file;
    if (this.#notifications === undefined || settings === undefined)
      return refusal('notice_not_set_up', 'Nobody is told of alarms yet: set notifications up first.');
    if (person === undefined)
      return refusal(
        'notice_not_listed',
        'No person of notifications.json has this account: a technician can add it.',
      );
    const channels = channelsOf(person, undefined, settings.channels).filter(
      (name) => this.#opened.channels.has(name) && this.#addressOf(person.id, name) !== undefined,
    );
    if (channels.length === 0)
      return refusal(
        'notice_no_address',
        'There is no channel by which you can be told: see its problem, or add an address.',
      );
    const said = this.#notifications.test(person.id, channels, by);
    if ('ids' in said) return said;
    return refusal(said.reason.key, 'Too many messages in a short time: wait some minutes.');
  }

  /** Undefined: done. */
  subscribe(email: string, subscription: Subscription): Refusal | undefined {
    const web = this.#file.settings?.channels.web_push;
    if (this.#notifications === undefined || web === undefined)
      return refusal(
        'notice_not_set_up',
        'Web push is not set up: add channels.web_push to notifications.json.',
      );
    const problem = subscriptionProblem(subscription, web.services ?? []);
    if (problem !== undefined) return refusal('notice_subscription_refused', problem);
    this.#subscriptions.add(email.toLowerCase(), subscription, this.#options.clock.nowMs());
    return undefined;
  }

  unsubscribe(email: string, endpoint: string): void {
    if (this.#notifications !== undefined) this.#subscriptions.remove(endpoint, email.toLowerCase());
  }

  /** Opens what the file says, when it says something else than before. */
  async #look(): Promise<void> {
    const { logger } = this.#options;
    try {
      const before = this.#file.settings;
      if (!this.#file.look()) return;
      for (const problem of this.#file.problems)
        logger.error({ problem }, 'notifications.json is wrong; it is not used');
      this.#watch.file(this.#file.problems.length);
      if (this.#file.settings === before) return;
      await this.#close();
      if (this.#file.settings === undefined) this.#watch.open([], []);
      else await this.#open();
    } catch (error) {
      logger.error({ err: error }, 'people cannot be told of alarms');
    }
  }

  async #open(): Promise<void> {
    const { settings } = this.#file;
    if (settings === undefined) return;
    const { folder, secrets, clock, timers, feed, journal, logger } = this.#options;
    this.#outbox.start();
    this.#steadyMs = steadyClock(this.#outbox.disk.steadyMs(), clock);
    const pushKeys = await openPushKeys(join(folder, 'web-push.json'));
    this.#pushKey = pushKeys.publicKey;
    const subscriptions = this.#subscriptions;
    this.#opened = openChannels(settings.channels, {
      folder,
      secrets,
      pushKeys,
      subscriptions,
      clock,
      timers,
    });
    for (const problem of this.#opened.problems.values())
      logger.error({ problem }, 'a channel cannot be used');
    this.#watch.open(
      channelNames.filter((name) => settings.channels[name] !== undefined),
      this.#opened.problems.keys(),
    );
    this.#notifications = new Notifications({
      ...{ outbox: this.#outbox, feed, timers, random: Math.random, newId: randomUUID, logger },
      watch: this.#watch,
      settings: () => this.#file.settings,
      channel: (name) => this.#opened.channels.get(name),
      limit: (name) => ({ ...(name === 'sms' ? SMS_LIMIT : LIMIT), ...settings.channels[name]?.limit }),
      addressOf: (person, channel) => this.#addressOf(person, channel),
      words: (message) => this.#words(message),
      isQuiet: (person) => clock.isTrusted() && isQuiet(person, this.#timeZone, clock.nowMs()),
      clock: { nowMs: () => clock.nowMs(), steadyMs: () => this.#steadyMs() },
      onSettled: (record) => void journal.appendRecord(record).catch(() => {}),
    });
    this.#notifications.start();
  }

  async #close(): Promise<void> {
    await this.#notifications?.stop();
    this.#notifications = undefined;
    for (const channel of this.#opened.channels.values()) await channel.stop();
    this.#opened = CLOSED;
    this.#outbox.stop();
  }

  #everyMinute(): void {
    if (this.#notifications === undefined) return;
    try {
      this.#outbox.disk.keepSteadyMs(this.#steadyMs());
      this.#outbox.disk.tidy(this.#options.clock.nowMs());
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the outbox could not be tidied');
    }
  }

  #personOf(email: string): Person | undefined {
    const wanted = email.toLowerCase();
    return this.#file.settings?.people.find(({ account }) => account?.toLowerCase() === wanted);
  }

  #addressOf(id: string, channel: ChannelName): string | undefined {
    const person = this.#file.settings?.people.find((one) => one.id === id);
    if (channel !== 'web_push') return person?.addresses?.[channel];
    const account = person?.account?.toLowerCase();
    return account !== undefined && this.#subscriptions.of(account).length > 0 ? account : undefined;
  }

  #words({ person: id, content }: StoredMessage) {
    const { messagesFolder, farm, nameOf, logger } = this.#options;
    const { settings } = this.#file;
    this.#sentences ??= readSentences(messagesFolder, (error) =>
      logger.warn({ err: error }, 'the sentences of messages cannot be read'),
    );
    const person = settings?.people.find((one) => one.id === id);
    const language = person?.language ?? settings?.language ?? 'vi';
    const link = settings?.pageUrl ?? null;
    const { site } = farm();
    const options = { language, link, site, nameOf, sentences: this.#sentences, timeZone: this.#timeZone };
    return { language, link, ...wordsOf(content, options) };
  }

  get #timeZone(): string {
    return this.#options.farm().timeZone ?? FARM_TIME_ZONE;
  }
}

function refusal(key: string, message: string): Refusal {
  return { reason: { key, figures: {} }, message };
}

/** When the channel last delivered, and why it last did not. */
function lastWord(messages: readonly StoredMessage[], name: ChannelName) {
  const of = messages.filter(({ channel }) => channel === name);
  const last = of.find(({ state, reason }) => state === 'accepted' || reason !== null);
  return {
    lastAcceptedAtMs: of.find(({ state }) => state === 'accepted')?.changedAtMs ?? null,
    lastProblem: last?.reason ?? null,
  };
}
