import { type NeighbourAnswer, topicOf } from '@nongtin/broker/wire';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../../records/postgres.suite.ts';
import { startCloud, type TestCloud, Uplink } from '../../testing/cloud.ts';
import { CommandLine } from '../../testing/command-line.ts';
import { layout, TestGateway } from '../../testing/gateway.ts';
import { startNats, type TestCluster } from './server.suite.ts';
import { missingForSite } from './workers.suite.ts';

const missing = missingForSite();

it.skipIf(missing === undefined || process.env.CI)(`cloud on NATS: ${missing} is not installed`, ({ skip }) =>
  skip(),
);

describe.skipIf(missing !== undefined && !process.env.CI)('the cloud on NATS', () => {
  let nats: TestCluster;
  let postgres: TemporaryCluster;
  let cloud: TestCloud;

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats(), startCluster(postgresPrograms() ?? '')]);
    cloud = await startCloud(await postgres.createDatabase(), {
      NONGTIN_NATS_URL: nats.url,
      NONGTIN_NATS_KEYS: nats.keysFolder,
    });
  });
  afterAll(async () => {
    await cloud?.remove();
    await Promise.all([nats?.remove(), postgres?.stop()]);
  });

  it('registers a gateway, takes its entries through the servers and shows how far it is', async () => {
    const gateway = new TestGateway('gw-nats');
    const { id: gatewayId, publicKey } = gateway;
    const order = { gatewayId, publicKey };
    const { status, body } = await cloud.call('manager', 'POST', '/api/gateways', order);
    expect(status).toBe(200);
    const uplink = await Uplink.connect(nats.mqttUrl(), gatewayId, body.uplinkPassword);
    expect(await uplink.send(gateway.record(layout))).toEqual({ durableUpTo: 1 });
    const [two, three, four] = [gateway.append(''), gateway.append(''), gateway.append('')];
    expect(await uplink.send(two)).toEqual({ durableUpTo: 2 });
    expect(await uplink.send(four)).toEqual({
      durableUpTo: 2,
      refused: { number: 4, kind: 'gap', reason: 'gap: expected 3' },
    });
    expect(await uplink.send(two, three)).toEqual({ durableUpTo: 3 });
    const progress = async () => (await cloud.call('auditor', 'GET', '/api/uplink')).body.gateways[0];
    await expect.poll(async () => (await progress()).projectedUpTo, { timeout: 20_000 }).toBe(3);
    expect(await progress()).toMatchObject({ gatewayId, durableUpTo: 3, accepted: 3, duplicates: 1 });
    await uplink.close();
  });

  it('tells a farm what the traps of another have caught', async () => {
    const register = async (id: string) => {
      const gateway = new TestGateway(id);
      const order = { gatewayId: id, publicKey: gateway.publicKey };
      const { body } = await cloud.call('manager', 'POST', '/api/gateways', order);
      return { gateway, password: body.uplinkPassword as string };
    };
    const [catching, asking] = [await register('gw-pest-trap'), await register('gw-pest-asks')];
    const uplink = await Uplink.connect(nats.mqttUrl(), 'gw-pest-trap', catching.password);
    const date = new Date().toISOString().slice(0, 10);
    const pressure = { pest: 'bactrocera_dorsalis', date, perTrapPerDay: 4, traps: 1, trapDays: 7 };
    await uplink.send(catching.gateway.record({ kind: 'pest_pressure', atMs: Date.now(), ...pressure }));
    const client = await connectAsync(nats.mqttUrl(), {
      username: 'gw-pest-asks',
      password: asking.password,
    });
    const heard: NeighbourAnswer[] = [];
    client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString())));
    await client.subscribeAsync(topicOf('neighbourAnswer', 'gw-pest-asks'), { qos: 0 });
    const farms = async () => {
      await client.publishAsync(topicOf('neighbourQuestion', 'gw-pest-asks'), '{}', { qos: 1 });
      const last = heard.at(-1);
      return last && 'farms' in last ? last.farms : undefined;
    };
    await expect
      .poll(farms, { timeout: 20_000 })
      .toMatchObject([
        { distanceKm: null, pests: [{ pest: 'bactrocera_dorsalis', days: [{ date, perTrapPerDay: 4 }] }] },
      ]);
    await Promise.all([client.endAsync(), uplink.close()]);
  });

  it('hears how a farm is now, and gives it commands', async () => {
    const { body } = await cloud.call('manager', 'POST', '/api/gateways', {
      ...{ gatewayId: 'gw-talk', publicKey: new TestGateway('gw-talk').publicKey },
    });
    const uplink = await Uplink.connect(nats.mqttUrl(), 'gw-talk', body.uplinkPassword);
    await uplink.sendLive({
      ...{ number: 1, sequence: 1, atMs: Date.now(), zones: [], alarms: [] },
      readings: [
        {
          ...{ device: 'soil-a1', metric: 'soil_moisture', channel: '', value: 0.31, quality: 0 },
          observedAtMs: Date.now(),
        },
      ],
      behind: { entries: 7, oldestAtMs: null },
    });
    const now = async () => (await cloud.call('member', 'GET', '/api/gateways/gw-talk/live')).body;
    await expect.poll(async () => (await now()).readings?.[0]?.value, { timeout: 20_000 }).toBe(0.31);
    const line = await CommandLine.connect(nats.mqttUrl(), 'gw-talk', body.uplinkPassword);
    const order = { kind: 'stop_all' };
    const issued = await cloud.call('technician', 'POST', '/api/gateways/gw-talk/commands', order);
    expect(issued.body.state).toBe('waiting');
    await line.ready();
    await expect.poll(() => line.received, { timeout: 20_000 }).toHaveLength(1);
    await line.tell(issued.body.commandId, 'accepted');
    const state = async () =>
      (await cloud.call('technician', 'GET', `/api/commands/${issued.body.commandId}`)).body.state;
    await expect.poll(state, { timeout: 20_000 }).toBe('accepted');
    await Promise.all([line.close(), uplink.close()]);
    // Its last will says that it is gone.
    const late = async () =>
      (await cloud.call('technician', 'POST', '/api/gateways/gw-talk/commands', order)).body.state;
    await expect.poll(late, { timeout: 20_000 }).toBe('waiting');
  });

  it('tells Prometheus and whoever asks whether it is ready', async () => {
    expect((await cloud.call(undefined, 'GET', '/readyz')).body.dependencies).toMatchObject({
      entries: 'ok',
      packing: 'ok',
    });
    const { body } = await cloud.call(undefined, 'GET', '/metrics');
    expect(body).toMatch(/nongtin_uplink_durable_up_to\{gateway="gw-nats"\} 3/);
    expect(body).toContain('nongtin_archive_packing_failing_gateways 0');
  });

  it('goes on where it was after a restart', async () => {
    await cloud.restart();
    const { body } = await cloud.call('auditor', 'GET', '/api/uplink');
    expect(body.gateways[0]).toMatchObject({ durableUpTo: 3, projectedUpTo: 3 });
  });
});
