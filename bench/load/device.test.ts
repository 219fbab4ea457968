import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { generate, type IPublishPacket, parser } from 'mqtt-packet';
import { afterEach, expect, test } from 'vitest';
import { Device } from './device.ts';
import { Histogram } from './histogram.ts';
import { Payloads } from './payload.ts';
import { Schedule } from './schedule.ts';

interface Heard {
  readonly number: number;
  readonly dup: boolean;
  readonly id: number;
  readonly socket: Socket;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A broker that welcomes everybody and leaves acknowledging to the test. */
async function broker() {
  const heard: Heard[] = [];
  const pings: Socket[] = [];
  let wake = () => {};
  const server = createServer((socket) => {
    const packets = parser();
    packets.on('packet', (packet) => {
      if (packet.cmd === 'connect')
        socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: true }));
      if (packet.cmd === 'pingreq') pings.push(socket);
      if (packet.cmd !== 'publish') return;
      const { payload, dup, messageId: id = 0 } = packet satisfies IPublishPacket;
      heard.push({ number: JSON.parse(payload.toString()).volume, dup, id, socket });
      wake();
    });
    socket.on('data', (chunk) => packets.parse(chunk));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    heard,
    pings,
    async until(count: number) {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

function deviceOf(port: number, window: number, total: number, qos: 0 | 1 = 1): Device {
  const schedule = new Schedule({ messagesPerSecond: 1e6, total, offsetMs: 0 });
  schedule.begin(performance.now() - 1_000);
  const device = new Device({
    ...{ host: '127.0.0.1', port, id: 'd', password: 'secret', topic: 't', qos, window, schedule },
    payloads: new Payloads(0, { marks: 'none', fields: 4, epochMs: 0, stepMs: 1 }),
    latencies: new Histogram(),
    fail: (error) => {
      throw error;
    },
  });
  closing.push(() => device.close());
  return device;
}

const acknowledge = ({ socket, id }: Heard) => socket.write(generate({ cmd: 'puback', messageId: id }));

test('a device never has more on its way than its window, and sends on as acknowledgements come', async () => {
  const { port, heard, until } = await broker();
  const device = deviceOf(port, 2, 5);
  await device.open();
  device.send(performance.now());
  await until(2);
  expect(device.sent).toBe(2);
  for (let next = 0; next < 5; next += 1) {
    await until(next + 1);
    const message = heard[next];
    if (message) acknowledge(message);
  }
  while (!device.isDone) await new Promise(setImmediate);
  expect(heard.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  expect(device.unacknowledged()).toEqual([]);
});

test('after a broken connection exactly what was not acknowledged comes again, with DUP', async () => {
  const { port, heard, until } = await broker();
  const device = deviceOf(port, 4, 4);
  await device.open();
  device.send(performance.now());
  await until(4);
  const [first, , third] = heard;
  if (first && third) {
    acknowledge(first);
    acknowledge(third);
  }
  while (device.acknowledged < 2) await new Promise(setImmediate);
  first?.socket.destroy();
  await until(6);
  expect(heard.slice(4).map(({ number, dup }) => [number, dup])).toEqual([
    [2, true],
    [4, true],
  ]);
  expect(device.unacknowledged()).toEqual([2, 4]);
  expect(device.resent).toBe(2);
});

test('at QoS 0 the answer to a ping acknowledges what was sent before it, and nothing more', async () => {
  const { port, heard, pings, until } = await broker();
  const device = deviceOf(port, 2, 5, 0);
  await device.open();
  device.send(performance.now());
  for (let answered = 0; answered < 3; answered += 1) {
    while (pings.length <= answered) await new Promise(setImmediate);
    expect(device.acknowledged).toBe(2 * answered);
    expect(heard).toHaveLength(Math.min(5, 2 * answered + 2));
    pings[answered]?.write(generate({ cmd: 'pingresp' }));
    await until(Math.min(5, 2 * answered + 4));
  }
  while (!device.isDone) await new Promise(setImmediate);
  expect(heard.map(({ number, id }) => [number, id])).toEqual([1, 2, 3, 4, 5].map((number) => [number, 0]));
  expect(pings).toHaveLength(3);
});

test('at QoS 0 what a broken connection took along is not sent again', async () => {
  const { port, heard, until } = await broker();
  const device = deviceOf(port, 2, 3, 0);
  await device.open();
  device.send(performance.now());
  await until(2);
  heard[0]?.socket.destroy();
  while (heard.length < 3) {
    device.send(performance.now());
    await new Promise(setImmediate);
  }
  expect(heard.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect([device.sent, device.acknowledged, device.resent]).toEqual([3, 0, 0]);
});
