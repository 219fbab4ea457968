import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HeardMessage } from './link.ts';
import { MqttLink } from './mqtt-link.ts';
import { TestBroker } from './test-broker.suite.ts';

const READINGS = 'nongtin/v1/soil-a1/readings';
const STATUS = 'nongtin/v1/soil-a1/status';
const COMMAND = 'nongtin/v1/soil-a1/valve/command';

let broker: TestBroker;
let link: MqttLink;
let losses: number;
let onLoss: () => void;
let heard: HeardMessage[];

beforeEach(async () => {
  broker = new TestBroker();
  await broker.start();
  losses = 0;
  heard = [];
  onLoss = () => undefined;
  const watcher = {
    connected: () => undefined,
    disconnected: () => {
      losses += 1;
      onLoss();
    },
  };
  const presence = { topic: STATUS, online: 'online', offline: 'offline' };
  const speaker = { identity: 'soil-a1', subscriptions: [COMMAND], presence };
  const login = { username: 'soil-a1', password: 'p' };
  link = new MqttLink({ brokerUrl: broker.url, speaker, login, random: () => 0.5 }, watcher);
});

afterEach(async () => {
  await link.stop();
  await broker.stop();
});

const start = () => link.start({ connected: () => undefined, received: (message) => heard.push(message) });
const say = (seq: number) => link.publish({ topic: READINGS, payload: JSON.stringify({ seq }) }, 'keep');
const sequence = () => broker.json(READINGS).map((reading) => reading.seq);
const status = () => broker.heard.filter((message) => message.topic === STATUS);
const count = (wanted: number) => broker.until(() => sequence().length >= wanted);
const online = () => broker.until(() => status().some(({ text }) => text === 'online'));

test('says online, offline by its last will when the connection breaks, and offline when it stops', async () => {
  start();
  await online();
  broker.cutConnections();
  await broker.until(() => status().length === 3);
  await link.stop();
  await broker.until(() => status().length === 4);
  expect(status().map(({ text }) => text)).toEqual(['online', 'offline', 'online', 'offline']);
  for (const message of status()) expect(message.retain).toBe(true);
});

test('keeps readings while the broker is away and sends them later, in order; a state of meanwhile is not told', async () => {
  start();
  await online();
  say(0);
  await count(1);
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  onLoss = resolve;
  await broker.stop();
  await lost;
  for (const seq of [1, 2, 3, 4]) say(seq);
  link.publish({ topic: 'nongtin/v1/soil-a1/valve/state', payload: '{}' }, 'now');
  await broker.start();
  await count(5);
  expect(sequence()).toEqual([0, 1, 2, 3, 4]);
  expect(broker.json('nongtin/v1/soil-a1/valve/state')).toEqual([]);
});

test('keeps the last 500 readings of a long absence', async () => {
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  onLoss = resolve;
  await broker.stop();
  start();
  await lost;
  for (let seq = 0; seq < 600; seq += 1) say(seq);
  await broker.start();
  await count(500);
  expect(sequence()[0]).toBe(100);
  expect(sequence()).toHaveLength(500);
});

test('keeps knocking when its password is refused, and comes in when it is right', async () => {
  broker.passwords = { 'soil-a1': 'other' };
  start();
  say(0);
  await broker.until(() => broker.knocks >= 2);
  expect(losses).toBeGreaterThan(0);
  broker.passwords = { 'soil-a1': 'p' };
  await count(1);
});

test('taken off the air it goes without a goodbye, and comes back when it may', async () => {
  start();
  await online();
  link.reach(false);
  await broker.until(() => status().at(-1)?.text === 'offline');
  say(7);
  link.reach(true);
  await count(1);
  expect(status().map(({ text }) => text)).toEqual(['online', 'offline', 'online']);
});

test('hears what it listens to, and whether it was retained', async () => {
  broker.publish(COMMAND, { old: true }, true);
  await broker.until(() => broker.heard.some(({ topic }) => topic === COMMAND));
  start();
  await online();
  broker.publish(COMMAND, { id: 'a' });
  broker.publish('nongtin/v1/other/valve/command', { id: 'b' });
  say(0);
  await count(1);
  await broker.until(() => {
    say(1);
    return heard.length === 2;
  });
  expect(heard.map(({ payload, retained }) => [payload, retained]).toSorted()).toEqual([
    ['{"id":"a"}', false],
    ['{"old":true}', true],
  ]);
});
