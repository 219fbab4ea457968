import process from 'node:process';
import { createInterface } from 'node:readline';
import { Device } from './device.ts';
import { Histogram } from './histogram.ts';
import { Payloads, stepMsOf } from './payload.ts';
import { Schedule } from './schedule.ts';
import type { LoadOptions, LoadResult } from './types.ts';

/**
 * The load generator, a process of its own, so that its CPU is counted apart. Takes LoadOptions as one line of JSON on
 * stdin, connects, says 'connected', waits for a second line, sends, and prints a LoadResult as one line of JSON.
 */
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => (await lines.next()).value ?? '{}';

const options = JSON.parse(await nextLine()) as LoadOptions;
const { devices, qos = 1, seconds, window, tickMs = 5, settleMs = 10_000, warmUpSeconds = 0 } = options;
const messagesPerSecond = options.messagesPerSecond / devices.length;
const { fields = 4, stepMs = stepMsOf(messagesPerSecond) } = options;
const total = Math.round(messagesPerSecond * seconds);
const latencies = new Histogram();
// The devices take turns, as if each had been switched on at another moment.
const schedules = devices.map((_, index) => {
  const offsetMs = (index / devices.length) * (1_000 / messagesPerSecond);
  return new Schedule({ messagesPerSecond, total, offsetMs });
});

const fleet = schedules.map((schedule, index) => {
  const { host, port, marks, topic, epochMs, messageBytes: bytes } = options;
  const { id = '', password } = devices[index] ?? {};
  return new Device({
    ...{ host, port, id, password, qos, window, latencies, schedule },
    topic: topic.replace('{device}', id),
    payloads: new Payloads(index, { marks, fields, epochMs, stepMs, bytes }),
    fail: (error) => {
      console.error(error.message);
      process.exit(1);
    },
  });
});

await Promise.all(fleet.map((device) => device.open()));
console.log(JSON.stringify({ event: 'connected' }));
await nextLine();

const sum = (count: (device: Device) => number) => fleet.map(count).reduce((a, b) => a + b, 0);
const acknowledged = () => sum((device) => device.acknowledged);
const usageBefore = process.cpuUsage();
const startedAtMs = performance.now();
for (const schedule of schedules) schedule.begin(startedAtMs);
let steadyFrom = { atMs: startedAtMs, acknowledged: 0 };
await new Promise<void>((resolve) => {
  const deadlineMs = startedAtMs + seconds * 1_000 + settleMs;
  const steadyMs = startedAtMs + warmUpSeconds * 1_000;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (steadyFrom.atMs < steadyMs && nowMs >= steadyMs)
      steadyFrom = { atMs: nowMs, acknowledged: acknowledged() };
    for (const device of fleet) device.send(nowMs);
    if (nowMs < deadlineMs && !fleet.every((device) => device.isDone)) return;
    clearInterval(timer);
    resolve();
  }, tickMs);
});
const { user, system } = process.cpuUsage(usageBefore);
const endedAtMs = performance.now();
const result: LoadResult = {
  event: 'done',
  sent: sum((device) => device.sent),
  acknowledged: acknowledged(),
  devices: Object.fromEntries(
    fleet.map((device, index) => [
      devices[index]?.id ?? '',
      { sent: device.sent, unacknowledged: device.unacknowledged() },
    ]),
  ),
  resent: sum((device) => device.resent),
  seconds: (endedAtMs - startedAtMs) / 1_000,
  steadyPerSecond: ((acknowledged() - steadyFrom.acknowledged) * 1_000) / (endedAtMs - steadyFrom.atMs),
  p50Ms: latencies.percentileMs(0.5),
  p99Ms: latencies.percentileMs(0.99),
  maxMs: latencies.maxMs,
  cpuSeconds: (user + system) / 1e6,
};
for (const device of fleet) device.close();
console.log(JSON.stringify(result));
process.exit();
