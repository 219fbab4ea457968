import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InboundMessage } from '@nongtin/broker';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { testApi } from '../api/parts.suite.ts';
import { testFarm } from '../gateway.suite.ts';
import { WeatherUpload } from './upload.ts';

const PATH = '/weatherstation/updateweatherstation.php';
let gateway: Awaited<ReturnType<typeof testApi>>;
let password = '';
beforeAll(async () => {
  gateway = await testApi();
  password = gateway.parts.credentials.issue('weather', 'device');
  gateway.parts.credentials.issue('zigbee', 'bridge', 'bridge-password');
});
afterAll(() => gateway.close());
beforeEach(() => void gateway.received.splice(0));

const answer = async (url: string) => {
  const { statusCode, body } = await gateway.app.inject(url);
  return [statusCode, body];
};
const payloads = () => gateway.received.map(({ payload }) => Buffer.from(payload).toString());

describe('a weather station uploads by HTTP', () => {
  it('as a message of its device, without its password', async () => {
    const query = `ID=weather&PASSWORD=${password}&dateutc=now&tempf=72.5&humidity=58&action=updateraw`;
    expect(await answer(`${PATH}?${query}`)).toEqual([200, 'success']);
    expect(gateway.received).toMatchObject([
      {
        ...{ identity: { id: 'weather', role: 'device' }, topic: 'nongtin/v1/weather/weather' },
        ...{ qos: 1, dup: false, retain: false, packetId: undefined },
      },
    ]);
    expect(payloads()).toEqual(['dateutc=now&tempf=72.5&humidity=58&action=updateraw']);
  });

  it.each([
    ['POST', PATH],
    ['POST', '/data/report/'],
    ['POST', '/data/report'],
  ] as const)('also as a form: %s %s', async (method, path) => {
    const { statusCode, body } = await gateway.app.inject({
      ...{ method, url: `${path}?ID=weather&PASSWORD=${password}` },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'PASSKEY=0123456789ABCDEF&stationtype=GW1100A&tempf=86.0',
    });
    expect([statusCode, body]).toEqual([200, 'success']);
    expect(payloads()).toEqual(['stationtype=GW1100A&tempf=86.0']);
  });

  it.each([
    ['a wrong password', 'ID=weather&PASSWORD=guess&tempf=1', 401],
    ['another device’s name', 'ID=soil-a1&PASSWORD=$&tempf=1', 401],
    ['an unknown device', 'ID=nobody&PASSWORD=$&tempf=1', 401],
    ['a name of every object', 'ID=__proto__&PASSWORD=$&tempf=1', 401],
    ['no name', 'PASSWORD=$&tempf=1', 400],
    ['nothing', '', 400],
    ['the password of a bridge', 'ID=zigbee&PASSWORD=bridge-password&tempf=1', 403],
    ['more than is read', `ID=weather&PASSWORD=$&x=${'1'.repeat(9_000)}`, 413],
  ])('and is refused with %s', async (_name, query, status) => {
    const [code, text] = await answer(`${PATH}?${query.replace('$', password)}`);
    expect(code).toBe(status);
    expect(text).toMatch(/^[^\n]{5,100}$/);
    expect(text).not.toContain(password);
    expect(gateway.received).toEqual([]);
  });
});

describe('an upload', () => {
  const clock = { ms: 0, nowMs: () => clock.ms, monotonicMs: () => clock.ms };
  const credentials: ConstructorParameters<typeof WeatherUpload>[0]['credentials'] = {
    verify: (id, given) => (Buffer.from(given).toString() === 'right' ? { id, role: 'device' } : undefined),
  };
  const fields = (given = 'right', id = 'weather') =>
    new URLSearchParams({ id, password: given, tempf: '70' });

  it('is answered when it is on the disk', async () => {
    const disk = Promise.withResolvers<void>();
    const messages: InboundMessage[] = [];
    const receive = (message: InboundMessage) => {
      messages.push(message);
      return disk.promise;
    };
    const upload = new WeatherUpload({ credentials, receive, clock });
    let text = '';
    const taken = upload.take(fields(), 'peer').then((answered) => {
      text = answered.text;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([messages.length, text]).toEqual([1, '']);
    disk.resolve();
    await taken;
    expect(text).toBe('success');
  });

  it('that cannot be stored is asked for again', async () => {
    const receive = () => Promise.reject(new Error('closed'));
    const upload = new WeatherUpload({ credentials, receive, clock });
    expect(await upload.take(fields(), 'peer')).toMatchObject({ status: 503 });
  });

  it('comes at most once a second on average, of each station, and after ten wrong passwords a peer waits', async () => {
    const upload = new WeatherUpload({ credentials, receive: async () => {}, clock });
    const statuses = async (count: number, ...given: Parameters<typeof fields>) =>
      (await Promise.all(Array.from({ length: count }, () => upload.take(fields(...given), 'peer')))).map(
        ({ status }) => status,
      );
    expect((await statuses(61)).filter((status) => status === 200)).toHaveLength(60);
    expect(await statuses(1, 'right', 'other')).toEqual([200]);
    expect((await statuses(31, 'wrong')).at(-1)).toBe(429);
    expect(await upload.take(fields('wrong'), 'another peer')).toMatchObject({ status: 401 });
    clock.ms += 60_000;
    expect(await statuses(1)).toEqual([200]);
  });
});

it('goes the way of every message: on the disk, in the store, and its password in no file', async () => {
  const farm = await testFarm();
  onTestFinished(() => farm.close());
  const secret = farm.secrets.devices.weather ?? expect.fail('the demo has a weather station');
  const { httpPort } = farm.gateway().ports;
  const query = `ID=weather&PASSWORD=${encodeURIComponent(secret)}&dateutc=now&tempf=72.5&dailyrainin=1&soilmoisture=35`;
  const answered = await fetch(`http://127.0.0.1:${httpPort}${PATH}?${query}`);
  expect([answered.status, await answered.text()]).toEqual([200, 'success']);
  await vi.waitFor(async () => {
    const { readings } = await farm.get('/api/readings?device=weather');
    expect(readings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ metric: 'air_temperature', value: 22.5, quality: [] }),
        expect.objectContaining({ metric: 'rain', value: 25.4, unit: 'mm' }),
        expect.objectContaining({ metric: 'raw', channel: 'soilmoisture', value: 35 }),
      ]),
    );
  }, 15_000);
  await farm.gateway().stop();
  const folder = join(farm.dataDir, 'gateway');
  for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (name.isFile())
      expect(readFileSync(join(name.parentPath, name.name)).includes(secret), name.name).toBe(false);
  }
});
