import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { encodeReadings, quality } from '@nongtin/broker/wire';
import { freePort } from '@nongtin/service';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { influx2Series } from './influx2.ts';
import { type RunningInfluxd, startInfluxd } from './influxd.ts';
import { reading, START, seriesSuite } from './series.suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'nongtin-series2-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const isHere = (program: string, arg: string) =>
  process.env.CI !== undefined || spawnSync(program, [arg]).status === 0;

const TOKEN = 's3cret-t0ken';
const options = { org: 'coop', bucket: 'farm', token: TOKEN };
const line = encodeReadings([reading({ atMs: START, number: 1 })]);
const servers: Server[] = [];

async function serve(answer: (request: IncomingMessage, body: string) => Promise<Response>): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const given = await answer(request, Buffer.concat(chunks).toString());
    const retryAfter = given.headers.get('retry-after');
    const type = given.headers.get('content-type') ?? 'text/plain';
    response.writeHead(given.status, {
      'content-type': type,
      ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
    });
    response.end(Buffer.from(await given.arrayBuffer()));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closeAll(): void {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
}

/**
 * What a 2.x does for those who come from 1.x, before a real 1.x that does the work: buckets are databases, the token
 * stands in the header, and InfluxQL is answered at /query. So the whole suite runs over this store; that a real 2.x or
 * 3.x answers alike is not tested.
 */
async function twoBefore(influxd: RunningInfluxd): Promise<string> {
  const known = new Set<string>();
  return serve(async (request, body) => {
    const asked = new URL(request.url ?? '', influxd.url);
    if (request.headers.authorization !== `Token ${TOKEN}`)
      return Response.json({ code: 'unauthorized', message: 'unauthorized access' }, { status: 401 });
    const database = asked.searchParams.get('bucket') ?? asked.searchParams.get('db') ?? '';
    if (!known.has(database)) {
      const q = new URLSearchParams({ q: `CREATE DATABASE "${database}"` });
      await (await fetch(`${influxd.url}/query`, { method: 'POST', body: q })).text();
      known.add(database);
    }
    if (asked.pathname === '/query') return fetch(`${influxd.url}/query${asked.search}`);
    if (asked.pathname !== '/api/v2/write' || asked.searchParams.get('org') !== 'coop')
      return Response.json({ code: 'not found', message: 'not found' }, { status: 404 });
    return fetch(`${influxd.url}/write?db=${database}&precision=ns`, { method: 'POST', body });
  });
}

if (isHere('influxd', 'version')) {
  let influxd: RunningInfluxd;
  seriesSuite(
    'series in InfluxDB 2.x, played by a 1.x behind its doors',
    async () => {
      const ports = { httpPort: await freePort(), rpcPort: await freePort() };
      influxd = await startInfluxd({ dir: join(folder, 'influxd'), ...ports });
      return influx2Series({ url: await twoBefore(influxd), ...options });
    },
    async () => {
      closeAll();
      await influxd.stop();
    },
  );

  it.each(['increase', 'sum'] as const)(
    'reads what it must add up itself in pages (%s)',
    async (aggregate) => {
      const ports = { httpPort: await freePort(), rpcPort: await freePort() };
      const dir = join(folder, `influxd-${aggregate}`);
      const many = await startInfluxd({ dir, ...ports });
      try {
        const url = await twoBefore(many);
        const rows: number[] = [];
        const counting = await serve(async (request, body) => {
          const { authorization = '' } = request.headers;
          const init = { method: request.method ?? 'GET', headers: { authorization } };
          const answer = await fetch(
            `${url}${request.url}`,
            request.method === 'POST' && body !== '' ? { ...init, body } : init,
          );
          const text = await answer.text();
          if (request.url?.startsWith('/query')) rows.push(text.split('],[').length);
          return new Response(answer.status === 204 ? null : text, answer);
        });
        const store = influx2Series({ url: counting, ...options });
        await store.start();
        // Three in each ten milliseconds, two of them in the same one; one that cannot be believed.
        const readings = Array.from({ length: 24_999 }, (_, number) =>
          reading({
            ...{ atMs: START + 10 * Math.floor(number / 3) + 5 * Math.floor((number % 3) / 2), number },
            ...{ value: number, quality: number === 20_000 ? quality.outOfRange : 0 },
          }),
        );
        for (let at = 0; at < readings.length; at += 5_000) {
          const lines = encodeReadings(readings.slice(at, at + 5_000));
          expect(await store.write(lines)).toEqual({ outcome: 'accepted' });
        }
        const [point, ...others] = await store.query({
          ...{ metric: 'soil_moisture', device: readings[0]?.device ?? '', aggregate },
          ...{ fromMs: START, toMs: START + 100_000, maxPoints: 1 },
        });
        expect(others).toEqual([]);
        const sum = readings.reduce((total, one) => total + (one.quality === 0 ? one.value : 0), 0);
        expect(point?.value).toBe(aggregate === 'increase' ? 24_998 : sum);
        expect(Math.max(...rows)).toBeLessThanOrEqual(10_000);
        await store.stop();
      } finally {
        await many.stop();
      }
    },
    60_000,
  );
}

/**
 * Not all of the suite: VictoriaMetrics takes /api/v2/write as InfluxDB 2 does, but answers no InfluxQL, keeps whole
 * milliseconds, and skips lines that are none without saying so.
 */
describe.skipIf(!isHere('victoria-metrics', '-version'))('writing to VictoriaMetrics', () => {
  let victoria: ChildProcess;
  let url = '';

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    victoria = spawn(
      'victoria-metrics',
      [
        `-storageDataPath=${join(folder, 'victoria')}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        '-retentionPeriod=100y',
      ],
      { stdio: 'ignore' },
    );
    const answers = async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok === true;
    await vi.waitUntil(answers, { timeout: 20_000, interval: 50 });
  });
  afterAll(async () => {
    const gone = once(victoria, 'exit');
    victoria.kill();
    await gone;
  });

  const exported = async (match: string) => {
    const query = new URLSearchParams({ 'match[]': match, reduce_mem_usage: '1' });
    const text = await (await fetch(`${url}/api/v1/export?${query}`)).text();
    return text
      .split('\n')
      .filter((row) => row !== '')
      .map(
        (row) =>
          JSON.parse(row) as { metric: Record<string, string>; values: number[]; timestamps: number[] },
      );
  };

  it('brings readings with their tags, values, bits and times', async () => {
    const store = influx2Series({ url, ...options });
    await store.start();
    const lines = encodeReadings([
      reading({ atMs: START, number: 1, value: 0.25, channel: "it's, a=b c" }),
      reading({ atMs: START + 60_000, number: 2, value: -1e-7, quality: 8, channel: "it's, a=b c" }),
    ]);
    expect(await store.write(lines)).toEqual({ outcome: 'accepted' });
    await store.write(lines);
    // A series may come in several rows, and they become visible one by one.
    const rows = () => exported('soil_moisture_value{device="soil-a1"}');
    const points = async () =>
      new Map((await rows()).flatMap((row) => row.timestamps.map((at, index) => [at, row.values[index]])));
    await vi.waitUntil(async () => (await points()).size >= 2, { timeout: 20_000, interval: 100 });
    expect(await points()).toEqual(
      new Map([
        [START, 0.25],
        [START + 60_000, -1e-7],
      ]),
    );
    for (const { metric } of await rows()) {
      expect(metric).toMatchObject({ device: 'soil-a1', channel: "it's, a=b c" });
    }
    const bits = () => exported('soil_moisture_quality{device="soil-a1"}');
    await vi.waitUntil(async () => (await bits()).length > 0, { timeout: 20_000, interval: 100 });
    expect(new Set((await bits()).flatMap(({ values }) => values))).toEqual(new Set([8]));
    await store.stop();
  });
});

describe('InfluxDB 2 series', () => {
  afterEach(closeAll);

  it.each([
    [204, '', 'accepted'],
    [413, 'request too large', 'split'],
    [408, 'slow', 'wait'],
    [429, 'too many', 'wait'],
    [503, 'busy', 'wait'],
    [401, 'unauthorized access', 'keep'],
    [403, 'forbidden', 'keep'],
    [404, 'bucket "farm" not found', 'keep'],
    [500, 'broken', 'keep'],
    [400, 'unable to parse', 'reject'],
    [422, 'partial write: dropped=1', 'reject'],
  ])('answers HTTP %i "%s" with %s, at the first try', async (status, message, outcome) => {
    let requests = 0;
    const url = await serve(async () => {
      requests += 1;
      return status === 204
        ? new Response(null, { status })
        : Response.json({ code: 'x', message }, { status, headers: { 'retry-after': '7' } });
    });
    const answer = await influx2Series({ url, ...options }).write(line);
    expect(answer.outcome).toBe(outcome);
    if ('reason' in answer) expect(answer.reason).toBe(`${status} ${message}`);
    if (answer.outcome === 'wait') expect(answer.retryAfterMs).toBe(7_000);
    if (status === 422) expect(answer).toHaveProperty('dropped', 1);
    expect(requests).toBe(1);
  });

  it('posts the lines as they stand, to the bucket of the tier', async () => {
    const asked: string[] = [];
    let posted = '';
    const url = await serve(async (request, body) => {
      asked.push(`${request.method} ${request.url}`);
      posted = body;
      return new Response(null, { status: 204 });
    });
    const store = influx2Series({ url: `${url}/behind/`, ...options });
    expect(await store.write(line)).toEqual({ outcome: 'accepted' });
    expect(posted).toBe(line);
    expect(asked).toEqual(['POST /behind/api/v2/write?org=coop&bucket=farm&precision=ns']);
  });

  it('never repeats its token, and asks to wait while nobody listens', async () => {
    const store = influx2Series({ url: `http://127.0.0.1:${await freePort()}`, ...options });
    const written = await store.write(line);
    expect(written).toMatchObject({ outcome: 'wait', reason: expect.stringContaining('ECONNREFUSED') });
    const failed = await store.seriesOf('soil-a1').catch((error: Error) => error);
    expect(failed).toBeInstanceOf(Error);
    expect(inspect([written, failed], { depth: 9, showHidden: true })).not.toContain(TOKEN);
  });

  it('tells its place apart from others', () => {
    const url = 'https://farm.local/behind';
    expect(influx2Series({ url, ...options, bucket: 'a/b' }).place).toBe(
      'influxdb2:farm.local:443/behind/coop/a%2Fb',
    );
  });
});
