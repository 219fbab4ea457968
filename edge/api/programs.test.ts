import { topicOf } from '@nongtin/broker/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from './parts.suite.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let gateway: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  gateway = await testApi();
});
afterAll(() => gateway.close());

const location = {
  ...{
    latitudeDegrees: 10.93,
    longitudeDegrees: 108.1,
    elevationMetres: 20,
    isCoastal: true,
    windHeightMetres: 2,
  },
  monthlyEt0Mm: [4, 4.4, 4.9, 5, 4.7, 4.3, 4.2, 4.3, 4, 3.8, 3.8, 3.8],
};
const water = { crop: 'dragon-fruit-high', soil: 'sandy-loam', areaSquareMetres: 1_000, method: 'drip' };
/** So that it does not water while it is looked at. */
const program = { id: 'a1-need', windows: [{ start: '03:00', end: '04:00' }] };

const change = async (zone: string, wish: object) =>
  (await gateway.as('technician')).put(`/api/zones/${zone}`, wish);
const changeFarm = async (wish: object) => (await gateway.as('technician')).put('/api/farm', wish);
const told = (answer: { json(): { error: { message: string } } }) => answer.json().error.message;
const valveClosed = (zone: string) => {
  const report = { state: 'closed', cause: 'command', flowLitresPerMinute: 0, totalLitres: 5 };
  gateway.irrigation.onMessage(topicOf('valveState', `valve-${zone}`), Buffer.from(JSON.stringify(report)));
};
const zoneNow = async (id: string) => {
  const { zones } = (await (await gateway.as('member')).get('/api/live')).json();
  return zones.find((zone: { id: string }) => zone.id === id);
};

describe('what is wrong with how a zone is to be watered', () => {
  it.each([
    [
      'a negative area',
      { water: { ...water, areaSquareMetres: -5 } },
      /water\.areaSquareMetres.*give the area/,
    ],
    [
      'an unknown crop',
      { water: { ...water, crop: 'dragonfruit' } },
      /water\.crop 'dragonfruit'.*dragon-fruit/,
    ],
    ['an unknown field', { water: { ...water, area: 5 } }, /water.*area/],
    [
      'a window in the past',
      {
        program: {
          id: 'x',
          kind: 'clock',
          runSeconds: 600,
          starts: [{ at: '05:00' }],
          windows: [{ start: '04:00', end: '06:00', lastDate: '2024-01-01' }],
        },
      },
      /program\.windows\[0\] lies in the past.*set a later one/,
    ],
    ['a program that nobody knows', { program: 'nobody' }, /program 'nobody' is none of the farm's programs/],
  ])('is refused with the field and the remedy: %s', async (_, wish, words) => {
    const answer = await change('a1', wish);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.kind).toBe('your_input');
    expect(told(answer)).toMatch(words);
    expect((await zoneNow('a1')).program).toBeNull();
  });

  it('is refused when a second zone is to have the same valve', async () => {
    const technician = await gateway.as('technician');
    const { id } = (await technician.post('/api/zones', { plot: 'plot-a', name: 'Khu 4' })).json();
    const wish = { device: 'valve-a1', role: 'valve', zone: id, nominalFlowLitresPerMinute: 38 };
    const answer = await technician.post('/api/devices/place', wish);
    expect([answer.statusCode, told(answer)]).toEqual([
      400,
      expect.stringMatching(/same valve 'valve-a1'.*one of its own/),
    ]);
    expect((await technician.delete(`/api/zones/${id}`)).statusCode).toBe(200);
  });

  it('is refused when water turns wait for each other', async () => {
    const turns = {
      id: 'pump-2',
      members: [
        { id: 'sau', name: 'Sáu', zones: ['a1'] },
        { id: 'bay', name: 'Bảy', zones: ['a2'] },
      ],
      timetable: [
        { id: 'first', member: 'sau', after: 'second', minutes: 120 },
        { id: 'second', member: 'bay', after: 'first', minutes: 120 },
      ],
    };
    const answer = await changeFarm({ waterTurns: [turns] });
    expect(answer.statusCode).toBe(400);
    expect(told(answer)).toMatch(/waterTurns\[0\]\.timetable\[0\]\.after: turns in a circle/);
  });

  it.each([
    [{ programs: [null] }, /programs\[0\] must be a program/],
    [{ programs: [{ id: 'x', kind: 'clock', runSeconds: -5 }] }, /programs\[0\]/],
    [{ waterTurns: [null] }, /waterTurns\[0\]/],
  ])('is refused when it is none at all, whether a zone uses it or not: %j', async (wish, words) => {
    const answer = await changeFarm(wish);
    expect([answer.statusCode, told(answer)]).toEqual([400, expect.stringMatching(words)]);
  });
});

describe('a zone with a program', () => {
  beforeAll(async () => {
    valveClosed('a1');
    expect((await changeFarm({ location, programs: null, waterTurns: null })).statusCode).toBe(200);
    expect((await change('a1', { water, program })).statusCode).toBe(200);
  });

  it('shows its program, its soil and, once a day is over, that day', async () => {
    gateway.askPrograms();
    expect(await zoneNow('a1')).toMatchObject({
      program: { id: 'a1-need', name: null, kind: 'depletion', pause: null, stopAll: null },
      water: { isAssumed: true, disagreement: null, lastDay: null },
    });
    expect((await zoneNow('a2')).program).toBeNull();
    gateway.calendar.ms += DAY_MS;
    gateway.askPrograms();
    const { water: now } = await zoneNow('a1');
    expect(now.lastDay).toMatchObject({ et0Method: 'monthly_normal', rainMm: null, unprovenLitres: 0 });
    expect(now.lastDay.etcMm).toBeGreaterThan(0);
    expect(now.availableWater).toBeCloseTo(1 - now.depletionMm / now.tawMm, 2);
    const kept = (await (await gateway.as('auditor')).get('/api/zones/a1/water?limit=1')).json();
    expect(kept.days).toHaveLength(1);
    expect(kept.days[0]).toMatchObject({
      zone: 'a1',
      date: now.lastDay.date,
      rootDepthMetres: expect.any(Number),
    });
    expect(kept.now).toEqual(now);
  });

  it('believes its probe on the word of a technician alone, and says why it cannot', async () => {
    expect((await (await gateway.as('member')).post('/api/zones/a1/believe-probe')).statusCode).toBe(403);
    const technician = await gateway.as('technician');
    const answer = await technician.post('/api/zones/a1/believe-probe');
    expect([answer.statusCode, told(answer)]).toEqual([409, expect.stringContaining('has not spoken')]);
    expect((await technician.post('/api/zones/nowhere/believe-probe')).statusCode).toBe(404);
  });

  it('is told anew when something that is shown has changed, and not otherwise', () => {
    gateway.askPrograms();
    gateway.shown.length = 0;
    gateway.askPrograms();
    expect(gateway.shown).toEqual([]);
    gateway.calendar.ms += 6 * HOUR_MS;
    gateway.askPrograms();
    expect(gateway.shown).toContain('a1');
  });

  it('is paused for some hours by whoever works there, and goes on when they say so', async () => {
    const member = await gateway.as('member');
    const paused = await member.post('/api/zones/a1/pause', { hours: 24 });
    const untilMs = gateway.calendar.ms + DAY_MS;
    expect([paused.statusCode, paused.json()]).toEqual([200, { durable: true, untilMs }]);
    expect((await zoneNow('a1')).program.pause).toEqual({ by: 'Sáu', untilMs });
    // At once: a run that is due is not waited for.
    expect((await zoneNow('a1')).decision.key).toBe('program_paused_by');
    expect((await member.post('/api/zones/a1/resume')).statusCode).toBe(200);
    expect((await zoneNow('a1')).program.pause).toBeNull();
  });

  it.each([
    [{}, 'either hours'],
    [{ hours: 2, untilMs: 5 }, 'either hours'],
    [{ hours: -1 }, 'hours lies in the past'],
    [{ untilMs: 5 }, 'untilMs lies in the past'],
    [{ hours: 1e6 }, 'more than a year'],
  ])('is not paused by %j', async (body, words) => {
    const answer = await (await gateway.as('member')).post('/api/zones/a1/pause', body);
    expect([answer.statusCode, told(answer)]).toEqual([400, expect.stringContaining(words)]);
  });

  it('is the only kind that can be paused', async () => {
    const member = await gateway.as('member');
    const without = await member.post('/api/zones/a2/pause', { hours: 1 });
    expect([without.statusCode, told(without)]).toEqual([
      409,
      expect.stringContaining("'a2' has no program"),
    ]);
    expect((await member.post('/api/zones/none/pause', { hours: 1 })).statusCode).toBe(404);
    expect((await member.get('/api/zones/none/water')).statusCode).toBe(404);
    const auditor = await gateway.as('auditor');
    expect((await auditor.post('/api/zones/a1/pause', { hours: 1 })).statusCode).toBe(403);
  });
});

describe('all programs', () => {
  it('are stopped by a member, with every zone that is open, and go on by a technician', async () => {
    const member = await gateway.as('member');
    valveClosed('a2');
    expect((await member.post('/api/zones/a2/open', { durationSeconds: 60 })).statusCode).toBe(202);
    const stopped = await member.post('/api/programs/stop');
    expect([stopped.statusCode, stopped.json()]).toEqual([200, { durable: true, stopping: ['a2'] }]);
    expect(gateway.commands.at(-1)).toMatchObject({
      topic: 'nongtin/v1/valve-a2/valve/command',
      command: { action: 'close' },
    });
    expect(await zoneNow('a1')).toMatchObject({
      program: { stopAll: { by: 'Sáu' } },
      decision: { key: 'program_stop_all', figures: { by: 'Sáu' } },
    });
    const all = (await member.get('/api/programs')).json();
    expect(all).toMatchObject({
      stopAll: { by: 'Sáu' },
      forecast: null,
      zones: [{ zone: 'a1' }, { zone: 'b3' }],
    });
    expect((await member.post('/api/programs/resume')).statusCode).toBe(403);
    expect((await (await gateway.as('technician')).post('/api/programs/resume')).statusCode).toBe(200);
    expect((await member.get('/api/programs')).json().stopAll).toBeNull();
  });

  it('are stopped also while the journal cannot write, but do not go on then', async () => {
    const { health } = gateway.parts.journal;
    const { appendRecord } = gateway.records;
    gateway.parts.journal.health = () => ({ healthy: false, reason: 'no space left' });
    const { promise: space, resolve: freed } = Promise.withResolvers<void>();
    gateway.records.appendRecord = async (record) => space.then(() => appendRecord(record));
    const technician = await gateway.as('technician');
    expect((await technician.post('/api/programs/stop')).json()).toMatchObject({ durable: false });
    expect((await zoneNow('a1')).program.stopAll).not.toBeNull();
    expect((await technician.post('/api/programs/resume')).statusCode).toBe(503);
    gateway.parts.journal.health = health;
    gateway.records.appendRecord = appendRecord;
    freed();
    expect((await technician.post('/api/programs/resume')).statusCode).toBe(200);
    expect((await zoneNow('a1')).program.stopAll).toBeNull();
  });
});

it('do not keep a zone from being removed when another one’s holiday is over, wherever it then stands in the list', async () => {
  const holiday = new Date(gateway.calendar.ms + DAY_MS).toISOString().slice(0, 10);
  expect((await change('a2', { water, program: { ...program, holidays: [holiday] } })).statusCode).toBe(200);
  gateway.calendar.ms += 3 * DAY_MS;
  valveClosed('a1');
  const removed = await (await gateway.as('technician')).delete('/api/zones/a1');
  expect([removed.statusCode, removed.json().error]).toEqual([200, undefined]);
});
