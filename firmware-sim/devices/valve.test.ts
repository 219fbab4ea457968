import type { ValveCommand } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeviceLink } from './link.ts';
import { LiveFarm } from './live-farm.ts';
import { TestBroker } from './test-broker.suite.ts';
import { Valve } from './valve.ts';
import { VirtualTime } from './virtual-time.suite.ts';

const STATE = 'nongtin/v1/valve-a1/valve/state';
const COMMAND = 'nongtin/v1/valve-a1/valve/command';
const SPEED = 60;

let broker: TestBroker;
let time: VirtualTime;
let farm: LiveFarm;
let valve: Valve;
let lost: Promise<void>;

beforeEach(async () => {
  broker = new TestBroker();
  await broker.start();
  boot();
  await heard((state) => state.cause === 'boot');
});

afterEach(async () => {
  await valve.stop();
  await broker.stop();
});

function boot(): void {
  time = new VirtualTime();
  farm = new LiveFarm({ scheduler: time, speed: SPEED, seed: 1 });
  const gone = Promise.withResolvers<void>();
  lost = gone.promise;
  const watcher = { connected: () => undefined, disconnected: () => gone.resolve() };
  const options = { brokerUrl: broker.url, device: 'valve-a1', password: 'p', random: () => 0.5 };
  const pipe = { pipe: farm.pipe('a1'), realMs: (seconds: number) => farm.realMs(seconds) };
  const link = new DeviceLink(options, watcher);
  valve = new Valve({ device: 'valve-a1', ...pipe }, link, time, pino({ level: 'silent' }));
  valve.start();
}

const states = () => broker.json(STATE);
const command = (message: ValveCommand) => broker.publish(COMMAND, message);

async function heard(
  matches: (state: Record<string, unknown>) => boolean,
  from = 0,
): Promise<Record<string, unknown>> {
  return broker.until(() => states().slice(from).find(matches));
}

async function open(id: string, durationSeconds: number): Promise<void> {
  command({ id, action: 'open', durationSeconds });
  await heard((state) => state.commandId === id && state.cause === 'command');
}

test('boots closed, says so, and is online, retained', async () => {
  expect(states()).toMatchObject([
    { state: 'closed', cause: 'boot', flowLitresPerMinute: 0, totalLitres: 0 },
  ]);
  expect(states()[0]).not.toHaveProperty('commandId');
  const status = broker.heard.find((message) => message.topic === 'nongtin/v1/valve-a1/status');
  expect(status).toMatchObject({ text: 'online' });
});

test('opens for its lease and closes by itself, ten real seconds for ten minutes at speed 60', async () => {
  await open('one', 600);
  time.advance(9_990);
  await broker.until(() => states().filter((state) => state.cause === 'periodic').length === 4);
  time.advance(10);
  const closed = await heard((state) => state.state === 'closed', 1);
  expect(closed).toMatchObject({ cause: 'lease_ended', commandId: 'one', flowLitresPerMinute: 0 });
  expect(closed.totalLitres).toBeGreaterThan(350);
  expect(closed.totalLitres).toBeLessThan(410);
  const running = states().filter((state) => state.cause === 'periodic');
  for (const state of running) expect(Math.abs(Number(state.flowLitresPerMinute) - 38)).toBeLessThan(3);
  const totals = states().map((state) => Number(state.totalLitres));
  expect(totals).toEqual(totals.toSorted((a, b) => a - b));
});

test('closes when its lease ends although the broker is gone, and tells it when the broker is back', async () => {
  await open('one', 600);
  await broker.stop();
  await lost;
  time.advance(10_000);
  const { totalLitres } = farm.pipe('a1').meter();
  time.advance(60_000);
  expect(farm.pipe('a1').meter()).toEqual({ flowLitresPerMinute: 0, totalLitres });
  expect(totalLitres).toBeGreaterThan(350);
  const before = states().length;
  await broker.start();
  const told = await heard((state) => state.state === 'closed', before);
  expect(told).toMatchObject({ cause: 'lease_ended', commandId: 'one' });
});

test('a redelivered command does nothing but is answered', async () => {
  await open('one', 60);
  time.advance(1_000);
  await heard((state) => state.cause === 'lease_ended');
  const before = states().length;
  command({ id: 'one', action: 'open', durationSeconds: 60 });
  const answer = await heard(() => true, before);
  expect(answer).toMatchObject({ state: 'closed', cause: 'periodic', commandId: 'one' });
});

test.each([
  ['an opening without a duration', { id: 'x', action: 'open' }],
  ['a duration of zero', { id: 'x', action: 'open', durationSeconds: 0 }],
  ['a duration of more than a day', { id: 'x', action: 'open', durationSeconds: 86_401 }],
  ['half a second', { id: 'x', action: 'open', durationSeconds: 0.5 }],
  ['no id', { action: 'close' }],
  ['an unknown action', { id: 'x', action: 'flush' }],
  ['no JSON', 'ON'],
  ['far too much', `"${'x'.repeat(5000)}"`],
])('ignores %s and answers with its state', async (_what, message) => {
  broker.publish(COMMAND, message);
  const answer = await heard(() => true, 1);
  expect(answer).toMatchObject({ state: 'closed', cause: 'periodic' });
});

test('ignores a command that was left retained on the broker', async () => {
  await valve.stop();
  broker.publish(COMMAND, { id: 'old', action: 'open', durationSeconds: 600 }, true);
  await broker.until(() => broker.heard.some((message) => message.topic === COMMAND));
  const before = states().length;
  boot();
  const answer = await heard((state) => state.cause === 'periodic', before);
  expect(answer).toMatchObject({ state: 'closed' });
});

test('opening an open valve begins a new lease, it does not add to the old one', async () => {
  await open('one', 600);
  time.advance(8_000);
  await open('two', 300);
  time.advance(4_999);
  expect(farm.pipe('a1').meter().flowLitresPerMinute).toBeGreaterThan(30);
  time.advance(1);
  const closed = await heard((state) => state.cause === 'lease_ended');
  expect(closed).toMatchObject({ state: 'closed', commandId: 'two' });
  time.advance(60_000);
  expect(states().filter((state) => state.cause === 'lease_ended')).toHaveLength(1);
});

test('closes on command, at once, and its old lease ends nothing later', async () => {
  await open('one', 600);
  command({ id: 'stop', action: 'close' });
  const closed = await heard((state) => state.commandId === 'stop');
  expect(closed).toMatchObject({ state: 'closed', cause: 'command', flowLitresPerMinute: 0 });
  await open('two', 6000);
  time.advance(10_001);
  expect(farm.pipe('a1').meter().flowLitresPerMinute).toBeGreaterThan(30);
});

test('raises the soil moisture of its own zone', async () => {
  const before = farm.look().zones;
  await open('one', 600);
  time.advance(10_000);
  await heard((state) => state.cause === 'lease_ended');
  const after = farm.look().zones;
  expect(after.a1.soil.moisture - before.a1.soil.moisture).toBeGreaterThan(0.03);
  expect(after.b1.soil.moisture).toBeLessThan(before.b1.soil.moisture);
});
