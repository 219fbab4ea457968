import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../records/postgres.suite.ts';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { harvest, layout, run, TestGateway } from '../testing/gateway.ts';

const HARVESTS = 8;
const START = Date.UTC(2026, 2, 1, 9);
const programs = postgresPrograms();

it.skipIf(programs !== undefined || process.env.CI)(
  'on a PostgreSQL server: not installed here',
  ({ skip }) => skip(),
);

describe.runIf(programs !== undefined || process.env.CI)('on a PostgreSQL server', () => {
  let cluster: TemporaryCluster;
  let cloud: TestCloud;
  const gateway = new TestGateway('gw-1');

  beforeAll(async () => {
    if (programs === undefined) throw new Error('install the package postgresql to run this suite');
    cluster = await startCluster(programs);
    cloud = await startCloud(await cluster.createDatabase());
  });
  afterAll(async () => {
    await cloud?.remove();
    await cluster?.stop();
  });

  it('a gateway’s journal becomes harvests', async () => {
    const { id: gatewayId, publicKey } = gateway;
    const { body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey });
    gateway.record(layout);
    gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.25, START));
    gateway.record(run('run-1', 'a1', START, 18.25));
    for (let n = 0; n < HARVESTS; n++) gateway.record(harvest(`h-${n}`, 'a', START, START + 60_000));
    const uplink = await Uplink.connect(cloud.uplinkUrl, gatewayId, body.uplinkPassword);
    expect(await uplink.send(...gateway.journal)).toEqual({ durableUpTo: gateway.journal.length });
    await uplink.close();
    const harvests = async () => (await cloud.call('member', 'GET', '/api/harvests')).body.harvests.length;
    await expect.poll(harvests).toBe(HARVESTS);
  });

  it('lots closed at the same moment get numbers of their own, and each harvest one lot', async () => {
    const { body } = await cloud.call('member', 'GET', '/api/products');
    const gtin14 = body.products[0].gtin14;
    const orders = Array.from({ length: 2 * HARVESTS }, (_, n) => ({
      harvestId: `h-${n % HARVESTS}`,
      gtin14,
    }));
    const close = (order: object) => cloud.call('manager', 'POST', '/api/lots', order);
    const first = await Promise.all(orders.map(close));
    // So many at once may want one number more often than it is tried again.
    const unlucky = orders.filter((_, n) => first[n]?.body.error?.code === 'lot_number_taken');
    for (const order of unlucky) await close(order);
    const { lots } = (await cloud.call('auditor', 'GET', '/api/lots')).body;
    const numbers = new Set(lots.map((lot: { lotNumber: string }) => lot.lotNumber));
    const harvests = new Set(lots.map((lot: { harvestId: string }) => lot.harvestId));
    expect({ lots: lots.length, numbers: numbers.size, harvests: harvests.size }).toEqual({
      ...{ lots: HARVESTS, numbers: HARVESTS, harvests: HARVESTS },
    });
    expect((await cloud.call('auditor', 'GET', '/api/anchors')).body.waitingLeaves).toBe(HARVESTS);
  });

  it('nothing is lost or done twice over a restart', async () => {
    await cloud.restart();
    const { lots } = (await cloud.call('auditor', 'GET', '/api/lots')).body;
    expect(lots).toHaveLength(HARVESTS);
    expect(lots[0].record.season.readings.soil_moisture).toMatchObject({ count: 1, mean: 0.25 });
  });
});
