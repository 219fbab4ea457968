import { zstdCompressSync } from 'node:zlib';
import type { UplinkLive, UplinkSummary } from '@nongtin/broker/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { layout, TestGateway } from '../testing/gateway.ts';

const NOW = Date.UTC(2026, 10, 22, 10);
let cloud: TestCloud;
let names = 0;
const open: Uplink[] = [];

beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(async () => {
  for (const one of open) await one.close();
  await cloud.remove();
});

async function registered() {
  const gateway = new TestGateway(`live-${++names}`);
  const { id: gatewayId, publicKey } = gateway;
  const { body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey });
  const uplink = await Uplink.connect(cloud.uplinkUrl, gatewayId, body.uplinkPassword);
  open.push(uplink);
  return { gateway, uplink };
}

const moisture = (value: number, observedAtMs: number) => ({
  ...{ device: 'soil-a1', metric: 'soil_moisture', channel: '', value, quality: 0, observedAtMs },
});

function live(number: number, sequence: number, more: Partial<UplinkLive> = {}): UplinkLive {
  return {
    ...{ number, sequence, atMs: NOW, readings: [moisture(0.21, NOW)], alarms: [] },
    zones: [{ zone: 'a1', state: 'idle', valveOpen: false, flowLitresPerMinute: 0 }],
    behind: { entries: 7, oldestAtMs: NOW - 3_600_000 },
    ...more,
  };
}

const view = async ({ id }: TestGateway) =>
  (await cloud.call('auditor', 'GET', `/api/gateways/${id}/live`)).body;

it('shows what a gateway says of now, as said and not proven, before any entry has come', async () => {
  const { gateway, uplink } = await registered();
  expect(await view(gateway)).toEqual({ gatewayId: gateway.id, readings: [], said: null });
  await uplink.sendLive(zstdCompressSync(JSON.stringify(live(5, 1))));
  const { said, readings } = await view(gateway);
  expect(readings).toEqual([{ ...moisture(0.21, NOW), entry: null }]);
  expect(said).toMatchObject({ number: 5, atMs: NOW, behind: { entries: 7 }, zones: [{ zone: 'a1' }] });
  const { body } = await cloud.call('member', 'GET', '/api/uplink');
  expect(body.gateways).toContainEqual(
    expect.objectContaining({
      gatewayId: gateway.id,
      durableUpTo: 0,
      waiting: { entries: 7, oldestAtMs: NOW - 3_600_000, atMs: NOW },
    }),
  );
});

it('keeps the newest, whatever comes late: by the journal first, then by the order of one start', async () => {
  const { gateway, uplink } = await registered();
  const say = async (number: number, sequence: number, value: number) => {
    await uplink.sendLive(live(number, sequence, { readings: [moisture(value, NOW)] }));
    return (await view(gateway)).readings[0].value;
  };
  expect(await say(5, 2, 0.2)).toBe(0.2);
  expect(await say(5, 1, 0.9)).toBe(0.2);
  expect(await say(4, 9, 0.9)).toBe(0.2);
  expect(await say(5, 2, 0.9)).toBe(0.2);
  // After a restart it counts from one again, and its boot is an entry.
  expect(await say(6, 1, 0.3)).toBe(0.3);
  const metrics = await (await fetch(`${cloud.url}/metrics`)).text();
  expect(metrics).toContain(`nongtin_uplink_live_total{gateway="${gateway.id}",outcome="taken"} 2`);
  expect(metrics).toContain(`nongtin_uplink_live_total{gateway="${gateway.id}",outcome="late"} 3`);
});

it('shows a proven reading as soon as it is as new, and what is said only while it is newer', async () => {
  const { gateway, uplink } = await registered();
  await uplink.sendLive(live(2, 1, { readings: [moisture(0.4, NOW)] }));
  const older = gateway.reading('soil-a1', 'soil_moisture', 0.3, NOW - 60_000);
  await uplink.send(gateway.record(layout), gateway.readings(older));
  await expect
    .poll(async () => (await cloud.call('auditor', 'GET', '/api/uplink')).body.gateways)
    .toContainEqual(expect.objectContaining({ gatewayId: gateway.id, projectedUpTo: 2 }));
  expect((await view(gateway)).readings).toEqual([{ ...moisture(0.4, NOW), entry: null }]);
  await uplink.send(gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.41, NOW)));
  await expect
    .poll(async () => (await view(gateway)).readings)
    .toEqual([{ ...moisture(0.41, NOW), entry: 3 }]);
  // A reading that the device had kept comes late, and is not the newest.
  await uplink.send(gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.1, NOW - 9_000_000)));
  await expect
    .poll(async () => (await cloud.call('auditor', 'GET', '/api/uplink')).body.gateways)
    .toContainEqual(expect.objectContaining({ gatewayId: gateway.id, projectedUpTo: 4 }));
  expect((await view(gateway)).readings).toEqual([{ ...moisture(0.41, NOW), entry: 3 }]);
});

it('keeps a summary until the entries that it was made of are here', async () => {
  const { gateway, uplink } = await registered();
  const row = { ...{ device: 'soil-a1', metric: 'soil_moisture', channel: '' }, startAtMs: NOW - 7_200_000 };
  const summary: UplinkSummary = {
    ...{ firstNumber: 1, lastNumber: 2, stepMs: 3_600_000, complete: true },
    rows: [{ ...row, count: 60, min: 0.1, max: 0.3, last: 0.2 }],
  };
  await uplink.sendLive(live(2, 1, { summary }));
  await uplink.sendLive(live(2, 2));
  expect((await view(gateway)).said.summary).toEqual(summary);
  await uplink.send(gateway.append('{"kind":"one"}'), gateway.append('{"kind":"two"}'));
  await expect.poll(async () => (await view(gateway)).said.summary).toBeNull();
});

it.each([
  ['no JSON', '{'],
  ['another shape', '{"readings":[]}'],
  [
    'a frame that unpacks to 64 MiB',
    zstdCompressSync(JSON.stringify(live(1, 1)) + ' '.repeat(64 * 1024 ** 2)),
  ],
  ['a value that is no number', JSON.stringify(live(1, 1)).replace('0.21', '"much"')],
])('takes %s for nothing, and goes on', async (_what, message) => {
  const { gateway, uplink } = await registered();
  await uplink.sendLive(message);
  expect((await view(gateway)).said).toBeNull();
  await uplink.sendLive(live(1, 1));
  expect((await view(gateway)).said.number).toBe(1);
});

it('takes nothing from a gateway that is not registered, and shows nobody what is not there', async () => {
  const { gateway, password } = cloud.secrets.uplink;
  const demo = await Uplink.connect(cloud.uplinkUrl, gateway, password);
  open.push(demo);
  await demo.sendLive(live(1, 1));
  const { status, body } = await cloud.call('auditor', 'GET', `/api/gateways/${gateway}/live`);
  expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'no_gateway' });
  expect((await cloud.call(undefined, 'GET', `/api/gateways/${gateway}/live`)).status).toBe(401);
  const metrics = await (await fetch(`${cloud.url}/metrics`)).text();
  expect(metrics).toContain(`nongtin_uplink_live_total{gateway="${gateway}",outcome="not_registered"} 1`);
});
