import { randomBytes } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixture, openTestRecords } from '../anchoring/fixture.suite.ts';
import { keyStoreOf } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { createActivation } from './activation.ts';
import { PinDelays } from './delays.ts';
import { pinOf } from './pin.ts';
import { pinRoutes } from './pin-routes.ts';
import { createStamps, type Stamps } from './stamps.ts';

const { gtin14, lotNumber } = fixture;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
let nowMs = 1_790_000_000_000;
const clock = { nowMs: () => nowMs };
const logged: string[] = [];
let db: Kysely<Schema>;
let stop: () => Promise<void>;
let stamps: Stamps;
let app: FastifyInstance;
let batchNumber: number;
let manager = 'an@htx.vn';
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
  stamps = createStamps({ db, clock, keyStore: keyStoreOf(randomBytes(32)) });
  app = fastify();
  await app.register(pinRoutes, {
    ...{ db, stamps, clock, publicUrl: 'https://tem.example.vn', issuerOf: () => manager },
    activation: createActivation({ db, stamps, clock, delays: delays() }),
    logger: pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) }),
  });
});
afterAll(async () => {
  await app.close();
  await stop();
});
beforeEach(async () => {
  await sql`truncate pin_delays, stamp_activations, pin_exports`.execute(db);
  const issued = await stamps.issueBatch({ lotNumber, count: 700, issuedBy: 'x' });
  if (!issued.ok) throw new Error(issued.problem);
  batchNumber = issued.batch.batchNumber;
  manager = 'an@htx.vn';
});

/** As after a restart: what counts is in the table. */
const delays = (maxRows?: number) =>
  new PinDelays({ nowMs: () => nowMs, key: 'k', ...(maxRows === undefined ? {} : { maxRows }) });
const pinAt = async (index: number) => {
  const listed = await stamps.listPins(batchNumber, index, 1);
  const [one] = listed?.stamps ?? [];
  if (one === undefined) throw new Error('no such stamp');
  return { ...one, wrong: one.pin === '00000000' ? '00000001' : '00000000' };
};
const say = async (serial: string, pin: string, client = '203.0.113.7') => {
  const { activate } = createActivation({ db, stamps, clock, delays: delays() });
  const result = await activate({ gtin14, serial, pin, client });
  return result.kind === 'wait' ? result.seconds : result.kind;
};

describe('a scratch PIN', () => {
  it('is eight digits, another for each stamp, and the same each time', () => {
    const key = new Uint8Array(32).fill(1);
    const pins = Array.from({ length: 300 }, (_, index) => pinOf(key, index));
    expect(pins.every((pin) => /^\d{8}$/.test(pin))).toBe(true);
    expect(new Set(pins).size).toBe(300);
    expect(pins[0]).toMatchInlineSnapshot(`"37232278"`);
    expect(pinOf(new Uint8Array(32).fill(2), 0)).not.toBe(pins[0]);
  });

  it('activates its stamp once; said again it tells when that was', async () => {
    const { serial, pin } = await pinAt(5);
    const activate = (body: object) =>
      app.inject({ method: 'POST', url: `/api/verify/${gtin14}/${serial}/activate`, payload: body });
    const first = await activate({ pin: `${pin.slice(0, 4)} ${pin.slice(4)}` });
    expect(first.json()).toEqual({ isFirst: true, activatedAtMs: nowMs });
    nowMs += 5 * DAY;
    expect((await activate({ pin })).json()).toEqual({ isFirst: false, activatedAtMs: nowMs - 5 * DAY });
    const rows = await db.selectFrom('stamp_activations').selectAll().execute();
    expect(rows).toEqual([{ batch_number: batchNumber, stamp_index: 5, activated_at_ms: nowMs - 5 * DAY }]);
    expect((await activate({ pin: '1234' })).statusCode).toBe(400);
    expect((await activate({ pin: 'abcdefgh' })).statusCode).toBe(400);
  });

  it('that is wrong and a serial that is not ours get the same answer', async () => {
    const { serial, pin, wrong } = await pinAt(0);
    const other = (await pinAt(1)).pin;
    const forged = `${serial.slice(0, -2)}${serial.endsWith('0') ? '11' : '00'}`;
    const answers = await Promise.all(
      [
        [serial, wrong],
        [serial, other],
        [forged, pin],
        ['AAAA', pin],
      ].map(async ([one, what], i) => {
        const url = `/api/verify/${gtin14}/${one}/activate`;
        const remoteAddress = `203.0.113.${i + 1}`;
        const { statusCode, body } = await app.inject({
          method: 'POST',
          url,
          remoteAddress,
          payload: { pin: what },
        });
        return { statusCode, body };
      }),
    );
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]?.statusCode).toBe(403);
  });
});

describe('wrong PINs', () => {
  it('make a client wait longer and longer at a stamp, over a restart too, and never lock it', async () => {
    const { serial, pin, wrong } = await pinAt(0);
    for (let i = 0; i < 3; i += 1) expect(await say(serial, wrong)).toBe('refused');
    const waits: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      // The right one is not judged while its client waits: or waiting would hinder no guessing.
      const wait = await say(serial, i % 2 === 0 ? wrong : pin);
      waits.push(Number(wait));
      nowMs += Number(wait) * 1_000;
      expect(await say(serial, wrong)).toBe('refused');
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
    nowMs += 15 * MINUTE;
    expect(await say(serial, pin)).toBe('activated');
  });

  it('of a passer-by keep no buyer out, however many he sends from however many places', async () => {
    const { serial, pin, wrong } = await pinAt(0);
    for (let i = 0; i < 40; i += 1) await say(serial, wrong, `198.51.100.${i}`);
    for (let i = 0; i < 5; i += 1) await say(serial, wrong, '198.51.100.1');
    expect(await say(serial, pin, '203.0.113.9')).toBe('activated');
  });

  it('leave one free guess to each of many clients, once there were many at a stamp', async () => {
    const { serial, wrong } = await pinAt(0);
    for (let i = 0; i < 20; i += 1) await say(serial, wrong, `198.51.100.${i}`);
    expect(await say(serial, wrong, '203.0.113.9')).toBe('refused');
    expect(await say(serial, wrong, '203.0.113.9')).toBe(30);
  });

  it('are forgotten a day after the last one', async () => {
    const { serial, wrong } = await pinAt(0);
    for (let i = 0; i < 5; i += 1) {
      await say(serial, wrong);
      nowMs += 15 * MINUTE;
    }
    nowMs += DAY;
    for (let i = 0; i < 3; i += 1) expect(await say(serial, wrong)).toBe('refused');
    expect(await say(serial, wrong)).toBe(30);
  });

  it('over many stamps make their client wait a little, who may be a province; an IPv6 customer is one client', async () => {
    const listed = await stamps.listPins(batchNumber, 0, 40);
    const serials = listed?.stamps.map((stamp) => stamp.serial) ?? [];
    const answers = [];
    for (const [i, serial] of serials.entries()) {
      answers.push(await say(serial, '00000000', `2001:db8:1:2::${i}`));
    }
    expect(answers.slice(0, 30).every((one) => one === 'refused')).toBe(true);
    expect(answers[30]).toBe(2);
    nowMs += MINUTE;
    const { serial, pin } = await pinAt(50);
    expect(await say(serial, pin, '2001:db8:1:2::ffff')).toBe('activated');
  });

  it('are counted in a table that stays small', async () => {
    const small = delays(20);
    for (let i = 0; i < 102; i += 1) {
      nowMs += 1;
      const at = { client: `198.51.${i % 100}.${i % 250}`, stamp: `s${i}` };
      await small.attempt(db, at, async () => ({ isRight: false }));
    }
    const { count } = await db
      .selectFrom('pin_delays')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    // Pruned with the 101st.
    expect(Number(count)).toBeLessThanOrEqual(20 + 3);
  });
});

describe('a file with PINs', () => {
  const post = (url: string, payload?: object) =>
    app.inject({ method: 'POST', url, ...(payload === undefined ? {} : { payload }) });
  const ask = (from: number, to: number) =>
    post('/api/pin-exports', { batchNumber, from, to, reason: 'nhà in Sao Mai' });

  it('holds index, serial, link and PIN of its range, and is fetched once', async () => {
    const asked = await ask(10, 609);
    expect([asked.statusCode, asked.json().state]).toEqual([201, 'ready']);
    // A second click is the same request.
    expect((await ask(10, 609)).json().exportId).toBe(asked.json().exportId);
    const url = `/api/pin-exports/${asked.json().exportId}/file`;
    const file = await post(url);
    const lines = file.body.split('\r\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([602, 'index,serial,link,pin', '']);
    const { serial, pin } = await pinAt(10);
    expect(lines[1]).toBe(`10,${serial},HTTPS://TEM.EXAMPLE.VN/01/${gtin14}/21/${serial},${pin}`);
    expect(file.headers['content-disposition']).toContain(`pins-${batchNumber}-10-609.csv`);
    const again = await post(url);
    expect([again.statusCode, again.json().error.code]).toEqual([409, 'taken']);
    const lastLog = logged.at(-1) ?? '';
    expect(JSON.parse(lastLog)).toMatchObject({
      by: 'an@htx.vn',
      from: 10,
      to: 609,
      msg: 'PINs were exported',
    });
    expect(logged.join()).not.toContain(pin);
  });

  it('leaves a second time only by two managers, whoever of them asked', async () => {
    const first = (await ask(0, 99)).json();
    await post(`/api/pin-exports/${first.exportId}/file`);
    // Touching the earlier range is enough.
    const second = (await ask(99, 150)).json();
    expect(second.state).toBe('waits');
    const act = async (what: string) => {
      const answer = await post(`/api/pin-exports/${second.exportId}/${what}`);
      return [
        answer.statusCode,
        answer.headers['content-type']?.toString().includes('csv') || answer.json().error?.code,
      ];
    };
    expect(await act('file')).toEqual([409, 'waits']);
    manager = 'AN@htx.vn';
    expect(await act('approve')).toEqual([403, 'own_request']);
    manager = 'binh@htx.vn';
    expect(await act('approve')).toEqual([200, undefined]);
    expect(await act('approve')).toEqual([409, 'nothing_to_approve']);
    expect(await act('file')).toEqual([403, 'not_yours']);
    manager = 'an@htx.vn';
    expect(await act('file')).toEqual([200, true]);
    const { exports } = (await app.inject('/api/pin-exports')).json();
    expect(exports[0]).toMatchObject({ state: 'taken', requestedBy: 'an@htx.vn', approvedBy: 'binh@htx.vn' });
  });

  it('that was asked for first and is fetched after another of its range needs the second manager too', async () => {
    const first = (await ask(0, 99)).json();
    manager = 'binh@htx.vn';
    const second = (await ask(50, 149)).json();
    manager = 'an@htx.vn';
    expect((await post(`/api/pin-exports/${second.exportId}/approve`)).statusCode).toBe(200);
    manager = 'binh@htx.vn';
    expect((await post(`/api/pin-exports/${second.exportId}/file`)).statusCode).toBe(200);
    manager = 'an@htx.vn';
    const again = () => post(`/api/pin-exports/${first.exportId}/file`);
    expect((await again()).json().error.code).toBe('waits');
    manager = 'binh@htx.vn';
    expect((await post(`/api/pin-exports/${first.exportId}/approve`)).json().state).toBe('ready');
    manager = 'an@htx.vn';
    expect((await again()).statusCode).toBe(200);
  });

  it('is not used up by a key service that does not answer', async () => {
    const asked = (await ask(0, 9)).json();
    const url = `/api/pin-exports/${asked.exportId}/file`;
    const closed = createStamps({
      ...{ db, clock },
      keyStore: {
        ...keyStoreOf(randomBytes(32)),
        unwrap: () => Promise.reject(Object.assign(new Error('no answer'), { statusCode: 503 })),
      },
    });
    const restarted = fastify();
    await restarted.register(pinRoutes, {
      ...{ db, stamps: closed, clock, publicUrl: 'https://tem.example.vn', issuerOf: () => manager },
      activation: createActivation({ db, stamps: closed, clock, delays: delays() }),
      logger: pino({ level: 'silent' }),
    });
    expect((await restarted.inject({ method: 'POST', url })).statusCode).toBe(503);
    await restarted.close();
    expect((await post(url)).statusCode).toBe(200);
  });

  it('is refused for what is not there', async () => {
    const codes = [];
    for (const order of [
      { batchNumber: 999_999, from: 0, to: 1 },
      { batchNumber, from: 5, to: 4 },
      { batchNumber, from: 0, to: 700 },
    ]) {
      codes.push((await post('/api/pin-exports', { ...order, reason: 'x' })).json().error.code);
    }
    expect(codes).toEqual(['unknown_batch', 'range', 'range']);
    expect((await post('/api/pin-exports/999/file')).statusCode).toBe(404);
  });
});
