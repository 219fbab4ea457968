import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { encodeReadings, entryHash, quality, type Reading } from '@nongtin/broker/wire';
import type { SeriesStore, WriteOutcome } from '@nongtin/series';
import { type RunningInfluxd, startInfluxd } from '@nongtin/series/influx';
import { freePort } from '@nongtin/service';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRecords, type Records } from '../records/index.ts';
import { startCloud, Uplink } from '../testing/cloud.ts';
import { layout, TestGateway } from '../testing/gateway.ts';
import { recordsFolder } from '../testing/records-folder.ts';
import { Projector } from '../uplink/projector.ts';
import { SqliteEntryStore } from '../uplink/sqlite-entry-store.ts';
import { SeriesWriter } from './series-writer.ts';
import { SeriesStores } from './stores.ts';

const logger = pino({ level: 'silent' });
const folder = await recordsFolder('nongtin-cloud-series-');
const NOON = Date.UTC(2026, 10, 21, 5);
const MINUTE = 60_000;
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

let records: Records;
let entries: SqliteEntryStore;
let projector: Projector;
let writer: SeriesWriter | undefined;
let files = 0;
beforeAll(async () => {
  records = openRecords({ dataDir: folder, logger });
  await records.start();
});
afterAll(async () => {
  await records.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  const { db } = records;
  const all = ['projection_cursors', 'series_cursors', 'undated_series_entries', 'reading_days'] as const;
  for (const table of [...all, 'undated_entries', 'dated_boots', 'gateways', 'products'] as const)
    await db.deleteFrom(table).execute();
  await db.deleteFrom('cooperatives').execute();
  entries = new SqliteEntryStore(join(folder, `entries-${++files}.sqlite`));
  await entries.open();
  const onProjected = (gateway: string) => writer?.wake(gateway);
  projector = new Projector({ db, entries, logger, onProjected, seasonOf: async () => '{}' });
});
afterEach(async () => {
  await writer?.stop();
  await projector.stop();
  await entries.close();
  writer = undefined;
});

/** A gateway of a cooperative; both may be new. */
async function register(gateway: TestGateway, cooperative: string): Promise<void> {
  const { db } = records;
  await db
    .insertInto('cooperatives')
    .values({ id: cooperative, chain_id: cooperative, name: cooperative, created_at_ms: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await db
    .insertInto('gateways')
    .values({
      ...{ gateway_id: gateway.id, cooperative_id: cooperative, public_key: gateway.publicKey },
      ...{ registered_by: 'test', registered_at_ms: 0, revoked: false },
    })
    .execute();
}

/** What the gateway has written since arrives and is projected. */
async function arrive(gateway: TestGateway): Promise<void> {
  const after = await entries.head(gateway.id);
  const fresh = gateway.journal
    .slice(after?.number ?? 0)
    .map((entry) => ({ ...entry, hash: entryHash(entry, entry.payload) }));
  await entries.append(gateway.id, fresh, { after, receivedAtMs: 0 });
  projector.wake(gateway.id);
  await projector.idle();
}

/** A reading a minute of one probe. */
function minutes(gateway: TestGateway, values: readonly number[], bits = 0, fromMs = NOON): Reading[] {
  return values.map((value, at) =>
    gateway.reading('soil-a1', 'soil_moisture', value, fromMs + at * MINUTE, bits),
  );
}

const asked = { metric: 'soil_moisture', fromMs: NOON - 864e5, toMs: NOON + 864e5, maxPoints: 500 } as const;
const valuesOf = async (store: SeriesStore, device: string) =>
  (await store.query({ ...asked, device, aggregate: 'raw' })).map(({ value }) => value);

/** A store whose answers the test gives. */
function storeThatSays(answer: (lines: string[]) => WriteOutcome, place = 'memory') {
  const kept: string[] = [];
  const write = async (lines: unknown): Promise<WriteOutcome> => {
    const given = String(lines).split('\n');
    const outcome = answer(given);
    if (outcome.outcome === 'accepted') kept.push(...given);
    return outcome;
  };
  const store = { name: 'influxdb', place, write } as unknown as SeriesStore;
  return { kept, stores: { of: () => store } };
}

const accepted = { outcome: 'accepted' } as const;

describe('the writer of series', () => {
  it('writes what is projected, once, and goes on where it was after a restart', async () => {
    const gateway = new TestGateway('gw-1');
    await register(gateway, 'htx-a');
    const { kept, stores } = storeThatSays(() => accepted);
    const start = async () => {
      writer = new SeriesWriter({ db: records.db, entries, stores, logger });
      await writer.start();
    };
    await start();
    gateway.record(layout);
    gateway.readings(...minutes(gateway, [0.1, 0.2]));
    await arrive(gateway);
    await writer?.idle();
    await writer?.stop();
    gateway.readings(...minutes(gateway, [0.3]));
    await arrive(gateway);
    await start();
    await writer?.idle();
    expect(kept).toHaveLength(3);
    expect(kept[0]).toMatch(/^soil_moisture,device=gw-1\/soil-a1 value=0.1 /);
    expect(writer?.figures()).toEqual({ lines: 1, refused: 0, waiting: 0 });
  });

  it('waits for a store that is away, tells why, and holds up no other cooperative', async () => {
    const [there, away] = [new TestGateway('gw-1'), new TestGateway('gw-2')];
    await register(there, 'htx-a');
    await register(away, 'htx-b');
    let isAway = true;
    const a = storeThatSays(() => accepted, 'a');
    const b = storeThatSays(() => (isAway ? { outcome: 'wait', reason: 'nobody answers' } : accepted), 'b');
    const stores = { of: (name: string) => (name === 'htx-a' ? a.stores : b.stores).of() };
    const told: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => told.push(line) });
    const pauses: PromiseWithResolvers<void>[] = [];
    const pause = () => {
      const one = Promise.withResolvers<void>();
      pauses.push(one);
      return one.promise;
    };
    writer = new SeriesWriter({ db: records.db, entries, stores, logger: log, pause });
    away.readings(...minutes(away, [0.5]));
    await arrive(away);
    await writer.idle();
    there.readings(...minutes(there, [0.1]));
    await arrive(there);
    await writer.idle();
    expect([a.kept.length, b.kept.length, writer.figures().waiting]).toEqual([1, 0, 1]);
    for (const value of [0.6, 0.7]) {
      away.readings(...minutes(away, [value]));
      await arrive(away);
    }
    expect(pauses).toHaveLength(1);
    pauses[0]?.resolve();
    await until(() => expect(pauses).toHaveLength(2));
    isAway = false;
    pauses[1]?.resolve();
    await until(() => expect(b.kept).toHaveLength(3));
    await writer.idle();
    expect(writer.figures().waiting).toBe(0);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('nobody answers');
  });

  it('passes a line that the store will never take, and tells of it', async () => {
    const gateway = new TestGateway('gw-1');
    await register(gateway, 'htx-a');
    const isBad = (line: string) => line.includes('value=0.2 ');
    const { kept, stores } = storeThatSays((lines) =>
      lines.some(isBad) ? { outcome: 'reject', reason: 'field type conflict' } : accepted,
    );
    writer = new SeriesWriter({ db: records.db, entries, stores, logger });
    gateway.readings(...minutes(gateway, [0.1, 0.2, 0.3]));
    gateway.readings(...minutes(gateway, [0.4]));
    await arrive(gateway);
    await writer.idle();
    expect(kept).toHaveLength(3);
    expect(writer.figures()).toEqual({ lines: 4, refused: 1, waiting: 0 });
  });

  it('leaves out readings without a true time, and writes them when something dates their boot', async () => {
    const gateway = new TestGateway('gw-1');
    await register(gateway, 'htx-a');
    const { kept, stores } = storeThatSays(() => accepted);
    writer = new SeriesWriter({ db: records.db, entries, stores, logger });
    const bootId = 'ee'.repeat(16);
    const undated = minutes(gateway, [0.1], quality.clockUncertain, 1_000);
    gateway.append(encodeReadings([...undated, ...minutes(gateway, [0.2])]), { bootId });
    gateway.readings(...minutes(gateway, [0.3]));
    await arrive(gateway);
    await writer.idle();
    expect(kept.map((line) => line.split(' ')[1])).toEqual(['value=0.2', 'value=0.3']);
    const clock = { kind: 'clock', source: 'cloud', atMs: NOON, bootId } as const;
    gateway.record({ ...clock, provisionalMs: 1_000, utcMs: NOON });
    await arrive(gateway);
    await writer.idle();
    expect(kept.at(-2) ?? '').toContain('value=0.1 ');
    expect(kept.some((line) => line.startsWith('soil_moisture,device=gw-1/soil-a1 value=0.1 17'))).toBe(true);
    const left = await records.db.selectFrom('undated_series_entries').selectAll().execute();
    expect(left).toEqual([]);
  });
});

const influxdHere = process.env.CI !== undefined || spawnSync('influxd', ['version']).status === 0;

describe.skipIf(!influxdHere)('series in a real InfluxDB', () => {
  let influxd: RunningInfluxd;
  beforeAll(async () => {
    influxd = await startInfluxd({
      dir: join(folder, 'influxd'),
      httpPort: await freePort(),
      rpcPort: await freePort(),
    });
  }, 60_000);
  afterAll(() => influxd?.stop());

  it('have a database for each cooperative, in which gateways keep apart what has one name', async () => {
    const gateways = ['gw-1', 'gw-2', 'gw-3'].map((id) => new TestGateway(id));
    const stores = new SeriesStores({ url: influxd.url, token: undefined, org: '', rawDays: 400 });
    writer = new SeriesWriter({ db: records.db, entries, stores, logger });
    for (const [at, gateway] of gateways.entries()) {
      await register(gateway, at < 2 ? 'htx-a' : 'htx-b');
      gateway.readings(...minutes(gateway, [0.1 + at, 0.2 + at]));
      await arrive(gateway);
    }
    await writer.idle();
    expect(await valuesOf(stores.of('htx-a'), 'gw-1/soil-a1')).toEqual([0.1, 0.2]);
    expect(await valuesOf(stores.of('htx-a'), 'gw-2/soil-a1')).toEqual([1.1, 1.2]);
    expect(await valuesOf(stores.of('htx-a'), 'gw-3/soil-a1')).toEqual([]);
    expect(await valuesOf(stores.of('htx-b'), 'gw-3/soil-a1')).toEqual([2.1, 2.2]);
    const query = new URLSearchParams({ q: 'SHOW RETENTION POLICIES ON "nongtin_htx-a"' });
    const answer = await (await fetch(`${influxd.url}/query?${query}`)).text();
    expect(answer).toContain('9600h0m0s');
  });

  it('are answered by the API, and told when they are not set up or away', { timeout: 60_000 }, async () => {
    const gateway = new TestGateway('gw-demo');
    const cloud = await startCloud(undefined, { NONGTIN_CLOUD_INFLUX_URL: influxd.url });
    try {
      const registered = await cloud.call('manager', 'POST', '/api/gateways', {
        ...{ gatewayId: gateway.id, publicKey: gateway.publicKey },
      });
      const uplink = await Uplink.connect(cloud.uplinkUrl, gateway.id, registered.body.uplinkPassword);
      await uplink.send(gateway.readings(...minutes(gateway, [0.25])));
      await uplink.close();
      const path = (id: string, more = '') =>
        `/api/gateways/${id}/series?metric=soil_moisture&device=soil-a1&from=${NOON - 1}&to=${NOON + MINUTE}${more}`;
      await until(async () => {
        const { status, body } = await cloud.call('member', 'GET', path('gw-demo'));
        expect([status, body.unit, body.points?.[0]?.[1]]).toEqual([200, 'm³/m³', 0.25]);
      });
      expect(await cloud.call('member', 'GET', path('gw-none'))).toMatchObject({
        ...{ status: 404, body: { error: { code: 'no_such_gateway' } } },
      });
      expect((await cloud.call('member', 'GET', path('gw-demo', '&points=0'))).status).toBe(400);
      expect((await cloud.call(undefined, 'GET', path('gw-demo'))).status).toBe(401);
      await influxd.stop();
      expect(await cloud.call('member', 'GET', path('gw-demo'))).toMatchObject({
        ...{ status: 503, body: { error: { kind: 'try_later', code: 'series_away' } } },
      });
    } finally {
      await cloud.remove();
    }
  });
});
