import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { encodeReadings } from '@nongtin/broker/wire';
import { freePort } from '@nongtin/service';
import { afterAll, describe, expect, it } from 'vitest';
import { influx1Series } from './influx1.ts';
import { type RunningInfluxd, startInfluxd } from './influxd.ts';
import { reading, START, seriesSuite } from './series.suite.ts';
import { sqliteSeries } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'nongtin-series-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const influxdHere = process.env.CI !== undefined || spawnSync('influxd', ['version']).status === 0;

const startOne = async (name: string, httpPort?: number) =>
  startInfluxd({
    dir: join(folder, name),
    httpPort: httpPort ?? (await freePort()),
    rpcPort: await freePort(),
  });

seriesSuite(
  'series in SQLite',
  async () => sqliteSeries({ path: join(folder, 'new', 'series.sqlite') }),
  async () => undefined,
);

describe.skipIf(!influxdHere)('elsewhere (left out where there is no influxd)', () => {
  let influxd: RunningInfluxd;
  seriesSuite(
    'series in InfluxDB 1.x',
    async () => {
      influxd = await startOne('influxd');
      return influx1Series({ url: influxd.url, database: 'farm' });
    },
    () => influxd.stop(),
  );
});

const line = encodeReadings([reading({ atMs: START, number: 1 })]);

const anything = {
  metric: 'soil_moisture',
  device: 'soil-a1',
  fromMs: 0,
  toMs: 4e12,
  maxPoints: 9,
  aggregate: 'raw',
} as const;

describe('SQLite series', () => {
  it('says in one sentence that a file is no database of ours', async () => {
    const path = join(folder, 'rubbish.sqlite');
    writeFileSync(path, 'this is not a database, not at all. '.repeat(200));
    await expect(sqliteSeries({ path }).start()).rejects.toMatchObject({
      name: 'StartProblem',
      message: expect.stringContaining(path),
    });
  });

  it('asks to wait when it is not open', async () => {
    const store = sqliteSeries({ path: join(folder, 'closed.sqlite') });
    expect(await store.write(line)).toMatchObject({ outcome: 'wait' });
  });

  it('starts its thread again when it has crashed', async () => {
    const threads: Worker[] = [];
    const onThread = (thread: Worker) => threads.push(thread);
    process.on('worker', onThread);
    const store = sqliteSeries({ path: join(folder, 'crashed.sqlite') });
    await store.start();
    await threads[0]?.terminate();
    expect(await Promise.all([store.write(line), store.seriesOf('soil-a1')])).toEqual([
      { outcome: 'accepted' },
      [{ metric: 'soil_moisture', channel: '' }],
    ]);
    expect(threads).toHaveLength(2);
    expect(store.losses).toBe(1);
    const lost = store.write(line);
    await threads[1]?.terminate();
    // Written or not, it was answered: nobody waits for a thread that is gone.
    expect(['accepted', 'wait']).toContain((await lost).outcome);
    // What was only in memory is gone, and it says so; brought again, it is there once.
    expect(await store.query(anything)).toHaveLength(0);
    expect(store.losses).toBe(2);
    expect(await store.write(line)).toEqual({ outcome: 'accepted' });
    expect(await store.flush?.()).toEqual({ outcome: 'accepted' });
    await threads[2]?.terminate();
    expect(await store.query(anything)).toHaveLength(1);
    expect(await store.write(line)).toEqual({ outcome: 'accepted' });
    expect(await store.query(anything)).toHaveLength(1);
    await store.stop();
    expect(await store.write(line)).toMatchObject({ outcome: 'wait' });
    process.off('worker', onThread);
  });

  it('still holds everything after a second start', async () => {
    const path = join(folder, 'again.sqlite');
    for (const _ of [1, 2]) {
      const store = sqliteSeries({ path });
      await store.start();
      expect(await store.write(line)).toEqual({ outcome: 'accepted' });
      const points = await store.query(anything);
      expect(points).toHaveLength(1);
      await store.stop();
    }
  });
});

describe('InfluxDB series', () => {
  it.each([
    [204, 'accepted'],
    [307, 'keep'],
    [413, 'split'],
    [429, 'wait'],
    [503, 'wait'],
    [401, 'keep'],
    [403, 'keep'],
    [500, 'keep'],
    [400, 'reject'],
    [422, 'reject'],
    [404, 'wait'],
  ])('answers HTTP %i with %s and the words of the server', async (status, outcome) => {
    const server = createServer((request, response) => {
      const writing = request.url?.startsWith('/write');
      response.writeHead(writing ? status : 200, { 'content-type': 'application/json' });
      const words = writing ? { error: 'words of the server' } : { results: [{ statement_id: 0 }] };
      response.end(status === 204 && writing ? undefined : JSON.stringify(words));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = influx1Series({ url: `http://127.0.0.1:${port}`, database: 'farm' });
    const answer = await store.write(line);
    expect(answer.outcome).toBe(outcome);
    if ('reason' in answer) expect(answer.reason).toBe(`${status} words of the server`);
    server.close();
    server.closeAllConnections();
  });

  it('takes the login out of its URL, sends it along, and keeps the path before /write', async () => {
    const asked: string[] = [];
    const logins = new Set<string | undefined>();
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url?.split('?')[0]}`);
      logins.add(request.headers.authorization);
      const isWrite = request.url?.includes('/write');
      response.writeHead(isWrite ? 204 : 200, { 'content-type': 'application/json' });
      response.end(isWrite ? undefined : JSON.stringify({ results: [{ statement_id: 0 }] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = influx1Series({ url: `http://admin:s3cr%3At@127.0.0.1:${port}/behind`, database: 'farm' });
    await store.start();
    expect(await store.write(line)).toEqual({ outcome: 'accepted' });
    await store.query(anything);
    expect(asked).toEqual([
      'GET /behind/ping',
      'GET /behind/query',
      'POST /behind/query',
      'POST /behind/query',
      'POST /behind/write',
      'GET /behind/query',
    ]);
    expect([...logins]).toEqual([`Basic ${Buffer.from('admin:s3cr:t').toString('base64')}`]);
    server.close();
    server.closeAllConnections();
  });

  it.each([
    ['http://admin:s3cret@farm.local:8086', 'influxdb:farm.local:8086/farm'],
    ['https://farm.local/behind', 'influxdb:farm.local:443/behind/farm'],
  ])('tells the place of %s apart from others', (url, place) => {
    expect(influx1Series({ url, database: 'farm' }).place).toBe(place);
  });

  it('never repeats its login', async () => {
    const server = createServer((_request, response) => response.writeHead(401).end('no')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const url of [`http://admin:s3cret@127.0.0.1:${port}`, 'http://admin:s3cret@127.0.0.1:1']) {
      const store = influx1Series({ url, database: 'farm' });
      await store.start();
      const failed = await store.query(anything).catch((error: Error) => error);
      expect(failed).toBeInstanceOf(Error);
      expect(inspect([await store.write(line), failed], { depth: 9, showHidden: true })).not.toMatch(
        /s3cret|YWRtaW46czNjcmV0/,
      );
    }
    server.close();
    server.closeAllConnections();
  });

  it('sends bytes and text alike, over a connection that it keeps', async () => {
    const bodies: string[] = [];
    const from = new Set<number | undefined>();
    const server = createServer(async (request, response) => {
      if (request.url?.startsWith('/write')) {
        from.add(request.socket.remotePort);
        bodies.push((await request.setEncoding('utf8').toArray()).join(''));
      } else response.write(JSON.stringify({ results: [{ statement_id: 0 }] }));
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = influx1Series({ url: `http://127.0.0.1:${port}`, database: 'farm' });
    const text = 'raw,channel=độ\\ ẩm,device=d value=1,quality=0i,received=1i 1';
    for (const lines of [text, Buffer.from(text), new TextEncoder().encode(text)])
      expect(await store.write(lines)).toEqual({ outcome: 'accepted' });
    expect(bodies).toEqual([text, text, text]);
    expect(from.size).toBe(1);
    server.close();
    server.closeAllConnections();
  });

  it('goes nowhere else with the lines, and says where it was sent', async () => {
    const server = createServer((request, response) => {
      const words = JSON.stringify({ results: [{ statement_id: 0 }] });
      if (request.url?.startsWith('/write')) response.writeHead(307, { location: 'https://other/' }).end();
      else response.end(words);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = influx1Series({ url: `http://127.0.0.1:${port}`, database: 'farm' });
    expect(await store.write(line)).toEqual({ outcome: 'keep', reason: '307 https://other/' });
    server.close();
    server.closeAllConnections();
  });

  it.each(['127.0.0.1', 'localhost'])('starts and waits while nobody listens on %s', async (host) => {
    const store = influx1Series({ url: `http://${host}:${await freePort()}`, database: 'farm' });
    await store.start();
    expect(await store.write(line)).toMatchObject({
      outcome: 'wait',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.skipIf(!influxdHere)(
    'creates the database when the server comes later, and when it was dropped',
    async () => {
      const httpPort = await freePort();
      const store = influx1Series({ url: `http://127.0.0.1:${httpPort}`, database: 'la "farm"' });
      await store.start();
      expect((await store.write(line)).outcome).toBe('wait');
      const influxd = await startOne('later', httpPort);
      try {
        expect(await store.write(line)).toEqual({ outcome: 'accepted' });
        const dropped = await fetch(`${influxd.url}/query`, {
          method: 'POST',
          body: new URLSearchParams({ q: 'DROP DATABASE "la \\"farm\\""' }),
        });
        // The status comes before the work is done.
        await dropped.text();
        // A busy server may answer once or twice that it is still dropping; the lines are good all along.
        const outcomes: string[] = [];
        while (outcomes.at(-1) !== 'accepted' && outcomes.length < 10) {
          outcomes.push((await store.write(line)).outcome);
        }
        expect(outcomes[0]).toMatch(/^(wait|keep)$/);
        expect(outcomes).not.toContain('reject');
        expect(outcomes.at(-1)).toBe('accepted');
      } finally {
        await influxd.stop();
      }
    },
  );
});
