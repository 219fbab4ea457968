import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeviceLink } from './link.ts';
import { ReadingDevice } from './reading-device.ts';
import { TestBroker } from './test-broker.suite.ts';
import { VirtualTime } from './virtual-time.suite.ts';

const READINGS = 'nongtin/v1/soil-a1/readings';
let broker: TestBroker;
let time: VirtualTime;
let device: ReadingDevice;
let losses: number;
let onLoss: () => void;

beforeEach(async () => {
  broker = new TestBroker();
  await broker.start();
  time = new VirtualTime();
  losses = 0;
  onLoss = () => undefined;
  const watcher = {
    connected: () => undefined,
    disconnected: () => {
      losses += 1;
      onLoss();
    },
  };
  const options = { brokerUrl: broker.url, device: 'soil-a1', password: 'p', random: () => 0.5 };
  const reading = { device: 'soil-a1', firstMs: 100, periodMs: 5_000 };
  const measure = () => ({ soil_moisture: 0.2 });
  device = new ReadingDevice({ ...reading, measure }, new DeviceLink(options, watcher), time);
});

afterEach(async () => {
  await device.stop();
  await broker.stop();
});

const sequence = () => broker.json(READINGS).map((reading) => reading.seq);
const online = () =>
  broker.until(() =>
    broker.heard.some((message) => message.topic.endsWith('status') && message.text === 'online'),
  );
const count = (wanted: number) => broker.until(() => sequence().length >= wanted);

test('publishes a reading every period with its time and a counter from 0', async () => {
  device.start();
  await online();
  const bootMs = time.nowMs();
  time.advance(10_100);
  await count(3);
  expect(broker.json(READINGS)).toEqual(
    [100, 5_100, 10_100].map((afterMs, seq) => ({
      time: new Date(bootMs + afterMs).toISOString(),
      seq,
      soil_moisture: 0.2,
    })),
  );
});

test('says online, offline by its last will when the connection breaks, and offline when it stops', async () => {
  device.start();
  await online();
  const status = () => broker.heard.filter((message) => message.topic === 'nongtin/v1/soil-a1/status');
  broker.cutConnections();
  await broker.until(() => status().length === 3);
  await device.stop();
  await broker.until(() => status().length === 4);
  expect(status().map(({ text }) => text)).toEqual(['online', 'offline', 'online', 'offline']);
  for (const message of status()) expect(message.retain).toBe(true);
});

test('keeps readings while the broker is away and sends them later, in order, with their own time', async () => {
  device.start();
  await online();
  time.advance(100);
  await count(1);
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  onLoss = resolve;
  await broker.stop();
  await lost;
  const awayMs = time.nowMs();
  time.advance(20_000);
  await broker.start();
  await count(5);
  expect(sequence()).toEqual([0, 1, 2, 3, 4]);
  expect(broker.json(READINGS)[1]?.time).toBe(new Date(awayMs + 5_000).toISOString());
});

test('keeps the last 500 readings of a long absence', async () => {
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  onLoss = resolve;
  await broker.stop();
  device.start();
  await lost;
  time.advance(5_000 * 600);
  await broker.start();
  await count(500);
  expect(sequence()[0]).toBe(100);
  expect(sequence()).toHaveLength(500);
});

test('keeps knocking when its password is refused, and comes in when it is right', async () => {
  broker.passwords = { 'soil-a1': 'other' };
  device.start();
  time.advance(100);
  await broker.until(() => broker.knocks >= 2);
  expect(losses).toBeGreaterThan(0);
  broker.passwords = { 'soil-a1': 'p' };
  await count(1);
});
