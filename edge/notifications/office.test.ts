import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JournalRecord, Reason } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import type { ChannelAlarms } from './channel-watch.ts';
import type { HeardAlarm } from './hearing.ts';
import { temporary } from './notifications.suite.ts';
import { NotificationOffice } from './office.ts';
import type { Settings } from './settings.ts';
import { httpService } from './testing/http-service.ts';
import { modemSimulator } from './testing/modem.ts';
import { browser } from './testing/push-service.ts';

const messagesFolder = fileURLToPath(new URL('../../dashboards/field/messages', import.meta.url));
const SECRETS = { webhookSecret: 'very-secret-word', simPin: '4321', telegramToken: '123:abc' };
const PHONE = '+84901234567';

const alarm: HeardAlarm = {
  ...{ alarmId: 'a-1', raisedAtMs: Date.UTC(2026, 10, 23, 3), priority: 'critical', source: 'a1' },
  ...{ state: 'unacknowledged', stands: true, concealed: null, behind: null },
  reason: { key: 'leak', figures: { flowLitresPerMinute: 12 } },
};

const settingsOf = (url: string, device: string): Settings => ({
  format: 'nongtin-notifications-1',
  pageUrl: 'http://192.168.1.5:8081',
  channels: { webhook: {}, sms: { device }, web_push: { contact: 'mailto:a@b.vn', services: ['127.0.0.1'] } },
  people: [
    {
      id: 'ba',
      name: 'Ba',
      account: 'Ba@example.vn',
      addresses: { webhook: `${url}/private-hook`, sms: PHONE },
    },
    { id: 'mei', name: '小梅', language: 'zh', addresses: { webhook: `${url}/mei` } },
  ],
  rules: [{ steps: [{ afterMinutes: 0, tell: ['ba', 'mei'] }] }],
});

/** With everything real but time. */
function office(folder = temporary(), written: Settings | string | undefined = undefined) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'notifications.json');
  const write = (value: Settings | string) =>
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  if (written !== undefined) write(written);
  const log: string[] = [];
  const standing: HeardAlarm[] = [];
  const listeners = new Set<(alarm: HeardAlarm) => void>();
  const feed = {
    subscribe(listener: (alarm: HeardAlarm) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    current: () => standing,
  };
  const journal: JournalRecord[] = [];
  const asks: { periodMs: number; run: () => void }[] = [];
  const time = { ms: alarm.raisedAtMs };
  const raised = new Map<string, Reason>();
  const alarms: ChannelAlarms = {
    raise: (source, _, reason, ruled) => raised.set(`${source} ${ruled?.condition ?? reason.key}`, reason),
    clear: (source, condition) => raised.delete(`${source} ${condition}`),
  };
  const one = new NotificationOffice({
    ...{ folder, messagesFolder, feed, alarms, secrets: { values: SECRETS, problems: [] } },
    farm: () => ({ site: 'Trại Sáu' }),
    nameOf: (source) => (source === 'a1' ? 'Lô Một' : undefined),
    journal: { appendRecord: async (record) => journal.push(record) },
    clock: { nowMs: () => time.ms, monotonicMs: () => time.ms - alarm.raisedAtMs, isTrusted: () => true },
    timers: {
      after: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      every(periodMs, run) {
        const ask = { periodMs, run };
        asks.push(ask);
        return () => void asks.splice(asks.indexOf(ask), 1);
      },
    },
    logger: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
  });
  onTestFinished(() => one.stop());
  /** As a second that passes. */
  const pass = (ms = 1_000) => {
    time.ms += ms;
    for (const { run } of [...asks]) run();
  };
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      pass();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const raise = (one = alarm) => {
    standing.push(one);
    for (const listener of listeners) listener(one);
  };
  return { ...{ folder, office: one, log, journal, raised, write, path, raise, until, pass } };
}

it('tells by every channel at once, in each person’s language, and journals what became of it', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const modem = await modemSimulator();
  const one = office(undefined, settingsOf(service.url, modem.device));
  await one.office.start();
  one.raise();
  await one.until(() => one.journal.length === 3);
  const bodies = service.asked.map(({ path, body }) => [
    path,
    (JSON.parse(String(body)) as { data: { text: string } }).data.text,
  ]);
  const texts = Object.fromEntries(bodies) as Record<string, string>;
  expect(texts['/private-hook']).toBe(
    'Trại Sáu: báo động KHẨN\n• 10:00 23/11 Lô Một: Van đã đóng nhưng nước vẫn chảy 12 L/phút.\nhttp://192.168.1.5:8081',
  );
  expect(texts['/mei']).toMatch(/^Trại Sáu: 紧急报警\n/);
  expect(modem.messages).toHaveLength(2);
  expect(one.journal).toContainEqual({
    ...{ kind: 'notification', atMs: expect.any(Number), messageId: expect.any(String), person: 'ba' },
    ...{ channel: 'sms', priority: 'critical', state: 'accepted', attempts: 1, alarms: 1, alarmIds: ['a-1'] },
  });
});

it('tells no secret and no address to the log, the journal or whoever asks', async () => {
  const service = await httpService(() => ({ status: 403 }));
  const modem = await modemSimulator({ error: '+CMS ERROR: 28' });
  const one = office(undefined, settingsOf(service.url, modem.device));
  await one.office.start();
  one.raise();
  await one.until(() => one.journal.length === 3);
  const told = JSON.stringify([one.log, one.journal, one.office.view(50), one.office.mine('ba@example.vn')]);
  expect(one.log.length).toBeGreaterThan(0);
  for (const secret of [...Object.values(SECRETS), PHONE, '84901234567', 'private-hook', service.url])
    expect(told).not.toContain(secret);
  for (const name of readdirSync(one.folder).filter((file) => file.startsWith('notifications.sqlite')))
    expect(readFileSync(join(one.folder, name)).includes(PHONE)).toBe(false);
  expect(statSync(join(one.folder, 'notifications.sqlite')).mode & 0o077).toBe(0);
  expect(
    one.office.view(50).messages.every(({ state, reason }) => state === 'failed' && reason !== null),
  ).toBe(true);
});

it('without the file keeps nothing, opens nothing and says so; begins when it is there, with what stands', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const one = office();
  await one.office.start();
  one.raise();
  one.pass();
  expect(one.office.view(50)).toMatchObject({
    isConfigured: false,
    problems: [],
    channels: [],
    messages: [],
  });
  expect(one.office.test('ba@example.vn', 'Ba')).toMatchObject({ reason: { key: 'notice_not_set_up' } });
  expect(readdirSync(one.folder)).toEqual([]);
  one.write(settingsOf(service.url, '/dev/nothing-here'));
  await one.until(() => service.asked.length === 2);
  expect(one.office.view(50)).toMatchObject({ isConfigured: true });
});

it('goes on by what was before when the file becomes wrong, and says what is wrong', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const one = office(undefined, settingsOf(service.url, '/dev/nothing-here'));
  await one.office.start();
  one.write('{ nonsense');
  await one.until(() => one.office.view(1).problems.length > 0);
  one.raise();
  await one.until(() => service.asked.length === 2);
  rmSync(one.path);
  await one.until(() => !one.office.view(1).isConfigured);
});

it('a channel that lacks its secret is out, with what to do; the others work', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const settings = settingsOf(service.url, '/dev/nothing-here');
  const one = office(undefined, {
    ...settings,
    channels: { ...settings.channels, zalo: { appId: '123456' } },
  });
  await one.office.start();
  one.raise();
  await one.until(() => service.asked.length === 2);
  const { channels } = one.office.view(50);
  expect(channels.find(({ name }) => name === 'zalo')?.problem).toMatch(/set NONGTIN_ZALO_APP_SECRET/);
  expect(channels.find(({ name }) => name === 'webhook')?.problem).toBeNull();
});

it('a person’s browser is told from the subscription on, until it is taken back', async () => {
  const service = await httpService(() => ({ status: 201 }));
  const one = office(undefined, settingsOf(service.url, '/dev/nothing-here'));
  await one.office.start();
  const { subscription } = browser(`${service.url}/push/1`);
  expect(one.office.subscribe('BA@example.vn', subscription)).toBeUndefined();
  expect(one.office.mine('ba@example.vn')).toMatchObject({
    name: 'Ba',
    subscriptions: 1,
    pushKey: expect.any(String),
  });
  expect(one.office.test('ba@example.vn', 'Ba')).toMatchObject({ ids: { length: 3 } });
  await one.until(() => service.asked.some(({ path }) => path === '/push/1'));
  one.office.unsubscribe('somebody@example.vn', subscription.endpoint);
  expect(one.office.mine('ba@example.vn').subscriptions).toBe(1);
  one.office.unsubscribe('ba@example.vn', subscription.endpoint);
  expect(one.office.mine('ba@example.vn').subscriptions).toBe(0);
  expect(
    one.office.subscribe('ba@example.vn', { ...subscription, endpoint: 'https://10.0.0.1/x' }),
  ).toMatchObject({
    reason: { key: 'notice_subscription_refused' },
  });
});

it('a test is for who is listed, and not without end', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const one = office(undefined, settingsOf(service.url, '/dev/nothing-here'));
  await one.office.start();
  expect(one.office.test('stranger@example.vn', 'X')).toMatchObject({ reason: { key: 'notice_not_listed' } });
  const said = Array.from({ length: 10 }, () => one.office.test('ba@example.vn', 'Ba'));
  expect(said.at(-1)).toMatchObject({ reason: { key: 'notice_too_many' } });
});

const telegramOnly = (server: string): Settings => ({
  format: 'nongtin-notifications-1',
  channels: { telegram: { server }, webhook: {} },
  people: [{ id: 'ba', name: 'Ba', addresses: { telegram: '1', webhook: `${server}/hook` } }],
  rules: [{ steps: [{ afterMinutes: 0, tell: ['ba'] }] }],
});

it('finds out that a channel does not work before it is needed, and that it works again', async () => {
  let status = 401;
  const service = await httpService(() => ({
    status,
    body: JSON.stringify({ ok: status === 200, result: {} }),
  }));
  const one = office(undefined, telegramOnly(service.url));
  await one.office.start();
  await one.until(() => one.raised.size > 0);
  expect([...one.raised]).toEqual([
    [
      'notifications channel_failed/telegram',
      {
        key: 'channel_failed',
        figures: {
          ...{
            status: 401,
            causeKey: 'notice_login_refused',
            channelId: 'telegram',
            channelName: 'Telegram',
          },
        },
      },
    ],
  ]);
  expect(service.asked.map(({ path }) => path)).toEqual([`/bot${SECRETS.telegramToken}/getMe`]);
  status = 200;
  one.pass(6 * 60_000);
  await one.until(() => one.raised.size === 0);
});

it('a modem that is unplugged is told by whoever else is there, never by itself', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const modem = await modemSimulator();
  const one = office(undefined, settingsOf(service.url, modem.device));
  await one.office.start();
  await one.until(() => modem.heard.includes('AT+CREG?'));
  expect(one.raised.size).toBe(0);
  modem.unplug();
  one.pass(6 * 60_000);
  await one.until(() => one.raised.has('notifications channel_failed/sms'));
  const [[, reason] = []] = one.raised;
  one.raise({ ...alarm, alarmId: 'a-2', source: 'notifications', reason: reason as Reason });
  await one.until(() => one.journal.length === 2);
  expect(one.journal).toMatchObject([{ channel: 'webhook' }, { channel: 'webhook' }]);
  const { text } = (JSON.parse(String(service.asked[0]?.body)) as { data: { text: string } }).data;
  expect(text).toMatch(/Không gửi được báo động bằng SMS\. Không thấy modem \/dev\/pts\/\d+: kiểm tra/);
});

it('is an alarm when the internet is away for more than a moment: one, however many channels go by it', async () => {
  const one = office(undefined, {
    ...telegramOnly('http://127.0.0.1:1'),
    channels: {
      telegram: { server: 'http://127.0.0.1:1' },
      email: { host: '127.0.0.1', port: 1, security: 'none', from: 'a@b.vn' },
      webhook: {},
    },
  });
  await one.office.start();
  for (let n = 0; n < 12; n++) {
    one.pass(60_000);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  await one.until(() => one.raised.size > 0);
  expect([...one.raised.keys()]).toEqual(['notifications channels_unreachable']);
});

it('settings that are wrong, or lack a secret, are an alarm until they are mended', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const settings = settingsOf(service.url, '/dev/nothing-here');
  const { sms: _, ...channels } = settings.channels;
  const [ba] = settings.people;
  const people = [{ ...(ba as Settings['people'][0]), addresses: { webhook: `${service.url}/x` } }];
  const rules = [{ steps: [{ afterMinutes: 0, tell: ['ba'] }] }];
  const one = office(undefined, '{ nonsense');
  await one.office.start();
  expect([...one.raised.keys()]).toEqual(['notifications notices_file_wrong']);
  one.write({ ...settings, people, rules, channels: { ...channels, zalo: { appId: '123456' } } });
  await one.until(() => one.raised.has('notifications channel_failed/zalo'));
  expect(one.raised.size).toBe(1);
  one.write({ ...settings, people, rules, channels });
  await one.until(() => one.raised.size === 0);
});

it('is set up by whoever may, who sees of addresses a mask, and hears field by field what is wrong', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const one = office(undefined, settingsOf(service.url, '/dev/nothing-here'));
  await one.office.start();
  const { settings, version } = one.office.settings();
  if (settings === null) throw new Error('they are there');
  expect(settings.people[0]?.addresses).toEqual({ webhook: `${service.url}/•••`, sms: '+849•••567' });
  const quiet = (from: string): Settings => ({
    ...settings,
    people: settings.people.map((person) => ({ ...person, quietHours: { from, to: '05:00' } })),
  });
  expect(await one.office.change(quiet('25:00'), version, 'x')).toEqual({
    problems: [expect.stringMatching(/^people\[0\]\.quietHours\.from must be a time/), expect.anything()],
  });
  expect(await one.office.change(quiet('21:00'), version, 'x')).toBe('done');
  const written = JSON.parse(readFileSync(one.path, 'utf8')) as Settings;
  expect(written.people).toMatchObject([
    { addresses: { webhook: `${service.url}/private-hook`, sms: PHONE }, quietHours: { from: '21:00' } },
    { addresses: { webhook: `${service.url}/mei` } },
  ]);
  expect(statSync(one.path).mode & 0o077).toBe(0);
  expect(one.office.view(1).people[0]?.quietHours).toEqual({ from: '21:00', to: '05:00' });
  expect(await one.office.change(settings, version, 'x'), 'it was read before').toBe('changed');
  const now = one.office.settings().version;
  const moved = settings.people.map((person) => ({ ...person, id: `${person.id}2` }));
  expect(await one.office.change({ ...settings, people: moved }, now, 'x')).toMatchObject({
    problems: expect.arrayContaining(['people[0].addresses.sms is not whole: type all of it']),
  });
  for (const rubbish of [
    {},
    { people: 7 },
    { people: [null, { addresses: 4 }] },
    { people: [{ addresses: { sms: 5 } }] },
  ])
    expect(await one.office.change(rubbish as unknown as Settings, now, 'x')).toMatchObject({
      problems: expect.anything(),
    });
});

it('can be set up where there was nothing', async () => {
  const service = await httpService(() => ({ status: 200 }));
  const one = office();
  await one.office.start();
  expect(one.office.settings()).toEqual({ settings: null, version: '', problems: [] });
  expect(await one.office.change(settingsOf(service.url, '/dev/nothing-here'), '', 'x')).toBe('done');
  expect(one.office.view(1)).toMatchObject({ isConfigured: true });
});
