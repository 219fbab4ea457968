import { seededRandom } from '@nongtin/service';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { accepted, later, type Outcome, refused } from './channels/channel.ts';
import { START_MS, settings, testOffice } from './notifications.suite.ts';

const told = (office: ReturnType<typeof testOffice>) =>
  office.sent.map(({ channel, to, atMs }) => `${(atMs - START_MS) / 60_000} ${channel} ${to}`);

it('tells the first at once, the next when nobody acknowledges, and both again a bounded number of times', async () => {
  const office = testOffice();
  office.start();
  office.hear('valve-1', { priority: 'critical' });
  await office.pass(24 * 3600, 60);
  expect(told(office)).toEqual([
    '2 telegram 1',
    '11 sms +84900000001',
    '11 sms +84900000002',
    '33 telegram 1',
    '42 sms +84900000001',
    '42 sms +84900000002',
    '64 telegram 1',
    '73 sms +84900000001',
    '73 sms +84900000002',
  ]);
});

it('does not wait for a step that reaches nobody: its service refuses, or it is not there', async () => {
  const refusing = testOffice({
    answer: ({ channel }) => (channel === 'telegram' ? refused('notice_refused') : accepted()),
  });
  refusing.start();
  refusing.hear('valve-1', { priority: 'critical' });
  await refusing.pass(10 * 60, 30);
  expect(told(refusing)).toEqual(['1 telegram 1', '2 sms +84900000001', '2 sms +84900000002']);

  const withoutTelegram = testOffice({
    settings: { ...settings, channels: { sms: { device: '/dev/ttyUSB0' } } },
  });
  withoutTelegram.start();
  withoutTelegram.hear('valve-1', { priority: 'critical' });
  await withoutTelegram.pass(10 * 60, 30);
  expect(told(withoutTelegram)).toEqual(['1 sms +84900000001', '1 sms +84900000002']);
});

it('stops as soon as somebody acknowledges', async () => {
  const office = testOffice();
  office.start();
  office.hear('valve-1');
  await office.pass(9 * 60, 30);
  office.acknowledge('valve-1');
  await office.pass(24 * 3600, 600);
  expect(told(office)).toEqual(['1 telegram 1']);
});

it('tells those who were told that it is over, and nobody else', async () => {
  const office = testOffice();
  office.start();
  office.hear('valve-1');
  await office.pass(60, 10);
  office.clear('valve-1');
  await office.pass(3600, 60);
  expect(office.sent.map(({ title }) => title)).toEqual(['Trại: báo động', 'Trại: một báo động đã hết']);
});

it('says nothing of what was over before anybody was told, nor of what nobody is to be told', async () => {
  const office = testOffice();
  office.start();
  office.hear('blink');
  office.hear('trifle', { priority: 'low' });
  office.hear('hidden', { state: 'suppressed', concealed: { kind: 'cause' } });
  await office.pass(10, 1);
  office.clear('blink');
  await office.pass(3600, 60);
  expect(office.sent).toEqual([]);
});

it('tells what was put aside when it comes back, from the first step on', async () => {
  const office = testOffice();
  office.start();
  office.hear('valve-1');
  await office.pass(300, 30);
  office.hear('valve-1', { state: 'shelved', concealed: { kind: 'shelved' } });
  await office.pass(3600, 60);
  office.hear('valve-1');
  await office.pass(300, 30);
  expect(told(office)).toEqual(['1 telegram 1', '66 telegram 1']);
});

it('makes one message of alarms that come together, the worst first', async () => {
  const office = testOffice();
  office.start();
  for (const id of ['a', 'b', 'c', 'd']) office.hear(id);
  office.hear('worst', { priority: 'critical' });
  await office.pass(60, 1);
  expect(office.sent).toHaveLength(1);
  expect(office.sent[0]).toMatchObject({ title: 'Trại: 5 báo động', priority: 'critical' });
  expect(office.sent[0]?.text.split('\n')[1]).toContain('worst');
});

it('lets a person sleep but for what is critical, and tells the rest in the morning', async () => {
  const office = testOffice({ isQuiet: (_, nowMs) => nowMs < START_MS + 3_600_000 });
  office.start();
  office.hear('pump', { priority: 'critical' });
  office.hear('probe');
  await office.pass(540, 10);
  expect(office.sent.map(({ text }) => text.includes('probe'))).toEqual([false]);
  await office.pass(3600, 30);
  expect(
    office.sent.filter(({ channel }) => channel === 'telegram').some(({ text }) => text.includes('probe')),
  ).toBe(true);
});

it('tries again what a service puts off, with the same id, waiting longer each time, and gives up when it is too late', async () => {
  const office = testOffice({ answer: () => later('notice_busy', { status: 429 }) });
  office.start();
  office.hear('valve-1');
  await office.pass(9 * 60, 1);
  const tries = office.sent.filter(({ channel }) => channel === 'telegram');
  expect(new Set(tries.map(({ id }) => id)).size).toBe(1);
  const gaps = tries.slice(1).map(({ atMs }, n) => atMs - (tries[n]?.atMs ?? 0));
  expect(gaps).toEqual([15_000, 30_000, 60_000, 120_000, 240_000]);
  await office.pass(7 * 3600, 60);
  expect(
    office.records.some(({ state, reason }) => state === 'given_up' && reason?.key === 'notice_too_late'),
  ).toBe(true);
});

it('waits as long as the service asks', async () => {
  const office = testOffice({
    answer: (_, tries): Outcome =>
      tries === 1 ? later('notice_busy', {}, 100_000) : { outcome: 'accepted' },
  });
  office.start();
  office.hear('valve-1');
  await office.pass(300, 1);
  expect(office.sent.map(({ atMs }) => atMs - START_MS)).toEqual([31_000, 131_000]);
});

it('does not try again what a service refuses, and says why', async () => {
  const office = testOffice({ answer: () => refused('notice_blocked', { service: 'Telegram' }) });
  office.start();
  office.hear('valve-1');
  await office.pass(540, 10);
  office.clear('valve-1');
  await office.pass(3600, 30);
  expect(office.sent.map(({ to }) => to)).toEqual(['1', '+84900000001', '+84900000002']);
  const failed = { state: 'failed', alarms: 1, reason: { key: 'notice_blocked' } };
  expect(office.records).toMatchObject([{ ...failed, person: 'ba', channel: 'telegram' }, failed, failed]);
});

it('does not send what nobody needs any more', async () => {
  const office = testOffice({ answer: () => later('notice_unreachable', { cause: 'ENETDOWN' }) });
  office.start();
  office.hear('valve-1');
  await office.pass(40, 1);
  expect(office.sent).toHaveLength(1);
  office.acknowledge('valve-1');
  await office.pass(3600, 30);
  expect(office.sent).toHaveLength(1);
  expect(office.records).toMatchObject([{ state: 'given_up', reason: { key: 'notice_not_needed' } }]);
});

it('a service that hangs keeps nobody from being told another way', async () => {
  const office = testOffice({
    answer: ({ channel }) =>
      channel === 'telegram' ? new Promise<Outcome>(() => {}) : { outcome: 'accepted' },
  });
  office.start();
  office.hear('valve-1');
  await office.pass(900, 30);
  expect(office.sent.filter(({ channel }) => channel === 'sms')).toHaveLength(2);
});

it('after a kill sends what was not sent, and nothing twice that a service has accepted', async () => {
  const first = testOffice({
    answer: ({ channel }) => (channel === 'sms' ? later('notice_no_network') : { outcome: 'accepted' }),
  });
  first.start();
  first.hear('valve-1');
  await first.pass(660, 30);
  expect(new Set(first.sent.map(({ id, channel }) => `${id} ${channel}`)).size).toBe(3);
  first.kill();
  const second = testOffice({ path: first.path, nowMs: first.time.ms });
  second.alarms.set('valve-1', first.alarms.get('valve-1') as never);
  second.start();
  await second.pass(120, 1);
  expect(second.sent.map(({ channel, id }) => [channel, first.sent.some((one) => one.id === id)])).toEqual([
    ['sms', true],
    ['sms', true],
  ]);
});

it('after a kill in the middle of sending tries the same message again, for an alarm lost is worse than one told twice', async () => {
  const first = testOffice({ answer: () => new Promise<Outcome>(() => {}) });
  first.start();
  first.hear('valve-1');
  await first.pass(60, 10);
  expect(first.outbox.list(5)).toMatchObject([{ state: 'sent', attempts: 1 }]);
  first.kill();
  const second = testOffice({ path: first.path, nowMs: first.time.ms });
  second.alarms.set('valve-1', first.alarms.get('valve-1') as never);
  second.start();
  await second.pass(2, 1);
  expect(second.sent.map(({ id }) => id)).toEqual([first.sent[0]?.id]);
  expect(second.outbox.list(5)).toMatchObject([{ state: 'accepted', attempts: 2 }]);
});

it('what ended while the gateway was off is told as over', async () => {
  const first = testOffice();
  first.start();
  first.hear('valve-1');
  await first.pass(60, 10);
  first.kill();
  const second = testOffice({ path: first.path, nowMs: first.time.ms });
  second.start();
  await second.pass(60, 1);
  expect(second.sent.map(({ title }) => title)).toEqual(['Trại: một báo động đã hết']);
});

it('a full disk keeps nobody from being told that it is full', async () => {
  const office = testOffice();
  office.start();
  office.outbox.disk.database.exec('PRAGMA max_page_count = 1');
  office.outbox.disk.add = () => {
    throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
  };
  office.hear('journal', { priority: 'critical' });
  await office.pass(300, 5);
  expect(office.sent).toHaveLength(1);
});

it('an alarm storm gives a bounded number of messages, and of each alarm that still calls somebody hears', async () => {
  const limit = { burst: 3, perHour: 6 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.nat(400), async (seed, critical) => {
      const random = seededRandom(seed);
      const office = testOffice({ limit });
      office.start();
      for (let n = 0; n < 10_000; n++) {
        const alarm = Math.floor(random() * 400);
        const what = Math.floor(random() * 3);
        const id = `a${alarm}`;
        if (what === 0) office.hear(id, { priority: alarm === critical ? 'critical' : 'high' });
        else if (office.alarms.has(id)) what === 1 ? office.clear(id) : office.acknowledge(id);
        if (n % 500 === 499) await office.pass(3);
      }
      await office.pass(240, 10);
      const minutes = (office.time.ms - START_MS) / 60_000;
      const telegrams = office.sent.filter(({ channel }) => channel === 'telegram');
      expect(telegrams.length).toBeGreaterThan(0);
      expect(telegrams.length).toBeLessThanOrEqual(limit.burst + Math.floor((minutes / 60) * limit.perHour));
      await office.pass(3600, 60);
      const calling = [...office.alarms.values()].filter(({ state }) => state === 'unacknowledged');
      const known = office.outbox.told();
      for (const { alarmId } of calling) expect(known.get(alarmId)?.get('ba telegram')?.reached).toBe(true);
    }),
    { numRuns: 3, endOnFailure: true },
  );
});

it('a test comes to the person alone, whatever stands', async () => {
  const office = testOffice();
  office.start();
  expect(office.notifications.test('sau', ['sms'], 'Sáu')).toMatchObject({ ids: [expect.any(String)] });
  await office.settled();
  expect(office.sent).toMatchObject([{ to: '+84900000002', title: 'Trại: tin thử' }]);
  expect(office.records).toMatchObject([{ alarms: 0, state: 'accepted' }]);
});

it('keeps nothing and tells nobody while nothing is set up', async () => {
  const office = testOffice();
  office.table.settings = undefined;
  office.start();
  office.hear('valve-1', { priority: 'critical' });
  await office.pass(3600, 60);
  expect(office.sent).toEqual([]);
  expect(office.outbox.cases()).toEqual([]);
  office.table.settings = settings;
  office.notifications.catchUp();
  await office.pass(60, 10);
  expect(office.sent).toHaveLength(1);
});
