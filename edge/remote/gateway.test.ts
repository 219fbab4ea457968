import { topicOf, type ValveCommand } from '@nongtin/broker/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testFarm } from '../gateway.suite.ts';
import { cloudBroker, start, until } from './gateway.suite.ts';

let cloud: Awaited<ReturnType<typeof cloudBroker>>;
let farm: Awaited<ReturnType<typeof testFarm>>;
beforeAll(async () => {
  cloud = await cloudBroker();
  farm = await testFarm({
    NONGTIN_UPLINK_URL: `mqtt://127.0.0.1:${cloud.broker.port}`,
    ...{ NONGTIN_CLOCK: 'trusted', NONGTIN_SPEED: '60' },
  });
}, 60_000);
afterAll(async () => {
  await farm.close();
  await cloud.broker.stop();
}, 60_000);

/** A valve that answers each command at once, and the meter behind it. */
async function valve(zone: string) {
  const id = `valve-${zone}`;
  const client = await farm.device(id);
  const openings: string[] = [];
  let litres = 100;
  const report = (state: 'open' | 'closed', commandId: string, cause = 'command') =>
    client.publish(
      topicOf('valveState', id),
      JSON.stringify({
        ...{ state, cause, commandId, totalLitres: litres },
        flowLitresPerMinute: state === 'open' ? 38 : 0,
      }),
      { qos: 1 },
    );
  client.on('message', (_topic, payload) => {
    const command = JSON.parse(payload.toString()) as ValveCommand;
    if (command.action === 'open') openings.push(command.id);
    report(command.action === 'open' ? 'open' : 'closed', command.id);
  });
  await client.subscribeAsync(topicOf('valveCommand', id), { qos: 1 });
  report('closed', 'none', 'boot');
  return {
    openings,
    /** The lease is over after so much water. */
    endLease: (litresMore: number) => {
      litres += litresMore;
      report('closed', openings.at(-1) ?? '', 'lease_ended');
    },
  };
}

it('carries out once what it is sent ten times, before, during and after', async () => {
  const a1 = await valve('a1');
  await until(async () => {
    const { zones } = await farm.get('/api/live');
    expect(zones.find(({ id }: { id: string }) => id === 'a1').state).toBe('idle');
  });
  const command = start(1, 'a1');
  for (let time = 0; time < 4; time++) await cloud.send(command);
  await until(() => expect(cloud.steps(command.id)).toContain('started'));
  for (let time = 0; time < 3; time++) await cloud.send(command);
  a1.endLease(350);
  await until(() => expect(cloud.steps(command.id)).toContain('finished'));
  const before = cloud.steps(command.id).length;
  await farm.restart();
  for (let time = 0; time < 3; time++) {
    await until(async () => {
      await cloud.send(command);
      expect(cloud.steps(command.id).length).toBeGreaterThan(before + time);
    });
  }
  expect(cloud.heard.findLast(({ commandId }) => commandId === command.id)).toMatchObject({
    ...{ step: 'finished', water: { measuredLitres: 350, plannedLitres: 380, ended: 'completed' } },
  });
  expect(a1.openings).toHaveLength(1);
  const { runs } = await farm.get('/api/runs?limit=10');
  expect(runs).toHaveLength(1);
  expect(runs[0].reason).toMatchObject({ key: 'remote_request', figures: { by: 'Chị Ba' } });
}, 120_000);

it('says that it is ready when its valves have answered', async () => {
  await farm.restart();
  const before = cloud.heard.length;
  const { zones } = await farm.get('/api/live');
  for (const { id } of zones) await valve(id);
  const ready = () => cloud.heard.slice(before).find((message) => message.ready);
  await until(() => expect(ready()).toMatchObject({ ready: true, clockTrusted: true }));
}, 60_000);
