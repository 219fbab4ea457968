import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Caller } from '../caller.ts';
import { waitFor } from '../wait.ts';
import { type FarmAndCloud, startFarmAndCloud } from './farm-and-cloud.ts';
import { Valve } from './valve.ts';

/** An hour a minute: a run of ten minutes takes ten seconds. */
const SPEED = 60;
const START_MS = 180_000;
const ZONES = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2'] as const;
type Zone = (typeof ZONES)[number];

interface Step {
  readonly step: string;
  readonly entryNumber: number | null;
  readonly reason?: { key: string; figures: Record<string, unknown> };
  readonly water?: { measuredLitres: number; actualSeconds: number; runs: number; ended: string };
}
interface Command {
  readonly commandId: string;
  readonly state: string;
  readonly steps: readonly Step[];
}

let farm: FarmAndCloud;
let cloud: Caller;
let gateway: Caller;
const valves = new Map<Zone, Valve>();

beforeAll(async () => {
  farm = await startFarmAndCloud(SPEED);
  for (const zone of ZONES) {
    const id = `valve-${zone}`;
    const password = farm.secrets.devices[id] ?? '';
    valves.set(zone, new Valve({ id, password, mqttPort: farm.ports.mqtt, speed: SPEED }));
  }
  cloud = await farm.caller('cloud', 'manager');
  gateway = await farm.caller('gateway', 'technician');
  await farm.register();
  await swept();
}, START_MS);

afterAll(async () => {
  for (const valve of valves.values()) await valve.close();
  await farm?.remove();
}, START_MS);

const valve = (zone: Zone) => valves.get(zone) ?? expect.fail(`no valve of ${zone}`);
const issue = (order: object) => cloud.post<Command>('/api/gateways/gw-demo/commands', order);
const command = (id: string) => cloud.get<Command>(`/api/commands/${id}`);
const zones = async () =>
  (await gateway.get<{ zones: { id: string; state: string; settings: object }[] }>('/api/live')).zones;

const reached = (id: string, state: string) =>
  expect.poll(async () => (await command(id)).state, { timeout: 60_000, interval: 50 }).toBe(state);

/** Every valve has said that it is closed, so that each zone can be opened. */
async function swept(): Promise<void> {
  const isSwept = async () => (await zones()).every(({ state }) => state !== 'unknown') || undefined;
  await waitFor(isSwept, { deadlineMs: 60_000, what: 'a valve has not said that it is closed' });
}

function lastStep({ steps }: Command): Step {
  return steps.at(-1) ?? expect.fail('nothing was said');
}

it(
  'waters a zone from the cloud and tells what its meter counted, with the evidence',
  async () => {
    const { commandId } = await issue({ kind: 'start_zone', zone: 'a1', durationSeconds: 240 });
    await reached(commandId, 'finished');
    const done = await command(commandId);
    expect(done.steps.map(({ step }) => step)).toEqual(['accepted', 'started', 'finished']);
    const { water } = lastStep(done);
    // The valve reports ten times a second, six farm seconds apart.
    expect(water).toMatchObject({ runs: 1, ended: 'completed' });
    expect(water?.measuredLitres).toBeGreaterThan(140);
    expect(water?.measuredLitres).toBeLessThan(156);
    expect(valve('a1').openings).toHaveLength(1);
    const { runs } = await gateway.get<{
      runs: { zone: string; reason: { key: string; figures: object } }[];
    }>('/api/runs?limit=1');
    expect(runs[0]).toMatchObject({ zone: 'a1', reason: { key: 'remote_request', figures: { commandId } } });
    await expect
      .poll(async () => (await command(commandId)).steps.every(({ entryNumber }) => entryNumber !== null), {
        timeout: 30_000,
      })
      .toBe(true);
  },
  START_MS,
);

it(
  'executes nothing that expired while the farm was offline',
  async () => {
    await farm.end('gateway', 'SIGTERM');
    // The cloud hears of it by the connection's last will.
    const next = async () => (await issue({ kind: 'stop_zone', zone: 'a1' })).state;
    await expect.poll(next, { timeout: 30_000 }).toBe('waiting');
    const late = await issue({ kind: 'start_zone', zone: 'a2', durationSeconds: 600, expiresInSeconds: 1 });
    expect(late.state).toBe('waiting');
    await reached(late.commandId, 'expired');
    const inTime = await issue({ kind: 'start_zone', zone: 'a3', durationSeconds: 120 });
    await farm.start('gateway');
    await reached(inTime.commandId, 'finished');
    expect(valve('a3').openings).toHaveLength(1);
    expect(valve('a2').openings).toEqual([]);
    expect((await command(late.commandId)).state).toBe('expired');
  },
  START_MS,
);

it(
  'answers a run that a kill has cut off with what has flowed, and never repeats it',
  async () => {
    await swept();
    const { commandId } = await issue({ kind: 'start_zone', zone: 'b1', durationSeconds: 1_200 });
    await reached(commandId, 'started');
    await farm.end('gateway', 'SIGKILL');
    await farm.start('gateway');
    await reached(commandId, 'interrupted');
    expect(valve('b1').isOpen).toBe(false);
    const { water } = lastStep(await command(commandId));
    expect(water).toMatchObject({ runs: 1, ended: 'interrupted' });
    expect(water?.measuredLitres).toBeGreaterThan(0);
    // All of it, where the restart took longer than the run was to last.
    expect(water?.measuredLitres).toBeLessThanOrEqual(760);
    await farm.end('cloud', 'SIGKILL');
    await farm.start('cloud');
    await swept();
    expect((await command(commandId)).state).toBe('interrupted');
    expect(valve('b1').openings).toHaveLength(1);
  },
  START_MS,
);

it(
  'tells that no water came, and is refused by the zone that is locked since',
  async () => {
    valve('b2').flowLitresPerMinute = 0;
    const { commandId } = await issue({ kind: 'start_zone', zone: 'b2', durationSeconds: 1_800 });
    await reached(commandId, 'finished');
    expect(lastStep(await command(commandId)).water).toMatchObject({ measuredLitres: 0, ended: 'no_flow' });
    const next = await issue({ kind: 'start_zone', zone: 'b2', durationSeconds: 60 });
    await reached(next.commandId, 'refused');
    expect(lastStep(await command(next.commandId)).reason).toMatchObject({
      ...{ key: 'zone_locked', figures: { cause: 'no_flow' } },
    });
  },
  START_MS,
);

it(
  'stops a run from the cloud, and both commands tell what has flowed',
  async () => {
    const start = await issue({ kind: 'start_zone', zone: 'b3', durationSeconds: 1_800 });
    await reached(start.commandId, 'started');
    const stop = await issue({ kind: 'stop_all' });
    await reached(stop.commandId, 'finished');
    await reached(start.commandId, 'finished');
    expect(valve('b3').isOpen).toBe(false);
    const [begun, stopped] = await Promise.all([command(start.commandId), command(stop.commandId)]);
    expect(lastStep(begun).water).toEqual(lastStep(stopped).water);
    expect(lastStep(stopped).water).toMatchObject({ runs: 1, ended: 'stopped' });
  },
  START_MS,
);

it(
  'changes a limit that holds after a kill, and never above the farm’s own',
  async () => {
    const { commandId } = await issue({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 300 });
    await reached(commandId, 'finished');
    await farm.end('gateway', 'SIGKILL');
    await farm.start('gateway');
    const settings = (await zones()).find(({ id }) => id === 'a1')?.settings;
    expect(settings).toMatchObject({
      maxRunSeconds: 300,
      runSeconds: 300,
      changed: { by: expect.any(String) },
    });
    const above = await issue({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 1_801 });
    await reached(above.commandId, 'refused');
    expect(lastStep(await command(above.commandId)).reason).toMatchObject({ key: 'limit_above_farm' });
  },
  START_MS,
);
