import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NotificationRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { BucketLimit } from './bucket.ts';
import { accepted, type Channel, type Message, type Outcome } from './channels/channel.ts';
import { wordsOf } from './content.ts';
import type { HeardAlarm } from './hearing.ts';
import { Notifications } from './notifications.ts';
import { Outboxes } from './outboxes.ts';
import type { ChannelName, Settings } from './settings.ts';

export const START_MS = Date.UTC(2026, 10, 23, 3);

/** Ba is told at once by Telegram, Sáu after ten minutes by SMS, and both again each 30 minutes, twice. */
export const settings: Settings = {
  format: 'nongtin-notifications-1',
  pageUrl: 'http://farm.local:8081',
  channels: { telegram: {}, sms: { device: '/dev/ttyUSB0' } },
  people: [
    { id: 'ba', name: 'Ba', addresses: { telegram: '1', sms: '+84900000001' } },
    { id: 'sau', name: 'Sáu', addresses: { sms: '+84900000002' } },
  ],
  rules: [
    {
      priorities: ['critical', 'high'],
      steps: [
        { afterMinutes: 0, tell: ['ba'], by: ['telegram'] },
        { afterMinutes: 10, tell: ['ba', 'sau'], by: ['sms'] },
      ],
      repeatMinutes: 30,
      repeats: 2,
    },
    { steps: [] },
  ],
};

interface Sent extends Message {
  readonly channel: ChannelName;
  readonly atMs: number;
}

/** An office whose time passes when the test says so, and whose services say what the test wants them to. */
export function testOffice(
  options: {
    readonly path?: string;
    readonly settings?: Settings;
    readonly limit?: BucketLimit;
    readonly isQuiet?: (person: string, nowMs: number) => boolean;
    /** Default: accepted. */
    readonly answer?: (message: Sent, tries: number) => Outcome | Promise<Outcome>;
    readonly nowMs?: number;
  } = {},
) {
  const path = options.path ?? join(temporary(), 'notifications.sqlite');
  const logger = pino({ enabled: false });
  const time = { ms: options.nowMs ?? START_MS };
  const alarms = new Map<string, HeardAlarm>();
  const listeners = new Set<(alarm: HeardAlarm) => void>();
  const sent: Sent[] = [];
  const records: NotificationRecord[] = [];
  const table = { settings: (options.settings ?? settings) as Settings | undefined };
  const channelOf = (name: ChannelName): Channel => ({
    name,
    async send(message) {
      const one = { ...message, channel: name, atMs: time.ms };
      sent.push(one);
      return (await options.answer?.(one, sent.filter(({ id }) => id === message.id).length)) ?? accepted();
    },
    stop: async () => {},
  });
  const channels = new Map<ChannelName, Channel>();
  for (const name of Object.keys(table.settings?.channels ?? {}) as ChannelName[])
    channels.set(name, channelOf(name));
  const outbox = new Outboxes(path, logger);
  outbox.start();
  let ids = 0;
  const prefix = `${time.ms}-`;
  const notifications = new Notifications({
    ...{ outbox, random: () => 0.5, logger },
    feed: {
      subscribe(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      current: () => [...alarms.values()],
    },
    settings: () => table.settings,
    channel: (name) => channels.get(name),
    limit: () => options.limit ?? { burst: 100, perHour: 60 },
    addressOf: (person, channel) => {
      const found = table.settings?.people.find(({ id }) => id === person);
      return channel === 'web_push' ? undefined : found?.addresses?.[channel];
    },
    words: ({ content }) => ({
      ...{ language: 'vi', link: null },
      ...wordsOf(content, {
        ...{ language: 'vi', site: 'Trại', timeZone: 'Asia/Ho_Chi_Minh', link: null },
        sentences: { vi: {}, en: {}, zh: {} },
      }),
    }),
    isQuiet: ({ id }) => options.isQuiet?.(id, time.ms) ?? false,
    clock: { nowMs: () => time.ms, steadyMs: () => time.ms },
    timers: { after: () => () => {}, every: () => () => {} },
    newId: () => `${prefix}${++ids}`,
    onSettled: (record) => void records.push(record),
    watch: { isCheckDue: () => false, note: () => {} },
  });
  /** Until every lane is at rest. */
  const settled = async () => {
    for (let n = 0; n < 20; n++) await new Promise(setImmediate);
  };
  return {
    ...{ path, outbox, notifications, sent, records, table, time, alarms },
    start: () => notifications.start(),
    /** As the alarm engine tells it. */
    hear(alarmId: string, more: Partial<HeardAlarm> = {}): void {
      const alarm: HeardAlarm = {
        ...{ alarmId, state: 'unacknowledged', stands: true, priority: 'high', source: alarmId },
        ...{
          reason: { key: 'valve_silent', figures: {} },
          raisedAtMs: time.ms,
          concealed: null,
          behind: null,
        },
        ...more,
      };
      if (alarm.state === 'normal') alarms.delete(alarmId);
      else alarms.set(alarmId, alarm);
      for (const listener of listeners) listener(alarm);
    },
    acknowledge(alarmId: string): void {
      this.hear(alarmId, { state: 'acknowledged' });
    },
    clear(alarmId: string): void {
      this.hear(alarmId, { state: 'normal', stands: false });
    },
    /** Lets time pass, looking each `stepSeconds`. */
    async pass(seconds: number, stepSeconds = 1): Promise<void> {
      for (let passed = 0; passed < seconds; passed += stepSeconds) {
        time.ms += stepSeconds * 1_000;
        notifications.look();
        await settled();
      }
    },
    settled,
    /** As by kill -9: nothing is stopped, the file is opened anew by the next one. */
    kill: () => outbox.disk.stop(),
  };
}

export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-notifications-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
