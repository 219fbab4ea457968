import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { GatewaySide } from '../sides/gateway.ts';
import { InfluxServer } from '../sides/influx.ts';
import { cpuSecondsOf, peakResidentMiBOf, threadSecondsOf } from '../sides/processes.ts';
import { connectGenerator } from './generator.ts';
import type { Marks } from './payload.ts';

/**
 * node bench/load/ours.ts [--rate 20000] [--seconds 5] [--window 200] [--connections 50] [--marks time|seq|none] [--prof DIR]
 * One paced load through the gateway into InfluxDB, with what it cost in each thread. For whoever works on the hot path.
 */
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '5' },
    window: { type: 'string', default: '200' },
    connections: { type: 'string', default: '50' },
    marks: { type: 'string', default: 'time' },
    prof: { type: 'string' },
  },
});
const METRICS = ['soil_moisture', 'soil_temperature', 'soil_ec', 'volume'];

const ids = Array.from({ length: Number(values.connections) }, (_, index) => `bench-${index + 1}`);
const influx = await InfluxServer.start();
const nodeFlags = values.prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.prof}`];
const gateway = await GatewaySide.start({ influxUrl: influx.url, devices: ids, nodeFlags }).catch(
  async (error) => {
    await influx.stop();
    throw error;
  },
);
try {
  const epochMs = Date.now();
  const generator = await connectGenerator({
    ...{ host: '127.0.0.1', port: gateway.mqttPort, topic: 'nongtin/v1/{device}/readings', epochMs },
    devices: ids.map((id) => ({ id, password: gateway.passwords.get(id) })),
    messagesPerSecond: Number(values.rate),
    seconds: Number(values.seconds),
    window: Number(values.window),
    marks: values.marks as Marks,
  });
  const before = threadSecondsOf(gateway.pid);
  const [gatewayBefore, influxBefore] = [cpuSecondsOf(gateway.pid), cpuSecondsOf(influx.pid)];
  const load = await generator.run();
  const endedAtMs = performance.now();
  while ((await gateway.behindEntries()) > 0 && performance.now() < endedAtMs + 30_000) await delay(50);
  const storedAfterMs = Math.round(performance.now() - endedAtMs);
  const cpuGateway = cpuSecondsOf(gateway.pid) - gatewayBefore;
  const cpuInflux = cpuSecondsOf(influx.pid) - influxBefore;
  const threads = [...threadSecondsOf(gateway.pid)]
    .map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)] as const)
    .filter(([, seconds]) => seconds >= 0.02)
    .sort(([, a], [, b]) => b - a);
  const counts = await Promise.all(
    METRICS.map((metric) => influx.count('nongtin', metric, 'value', epochMs - 1_000)),
  );
  const rows = counts.reduce((a, b) => a + b, 0);
  const per10k = (seconds: number) => Number(((seconds * 10_000) / load.acknowledged).toFixed(4));
  console.log(
    JSON.stringify({
      acked: load.acknowledged,
      lost: load.acknowledged - Math.min(...counts),
      unacknowledged: load.sent - load.acknowledged,
      rows,
      messagesPerSecond: Math.round(load.acknowledged / load.seconds),
      storedAfterMs,
      cpuGateway: per10k(cpuGateway),
      cpuInflux: per10k(cpuInflux),
      cpuGenerator: per10k(load.cpuSeconds),
      perThread: Object.fromEntries(threads.map(([name, seconds]) => [name, per10k(seconds)])),
      ackP50Ms: Number(load.p50Ms.toFixed(2)),
      ackP99Ms: Number(load.p99Ms.toFixed(2)),
      ackMaxMs: Number(load.maxMs.toFixed(2)),
      rssMiB: Math.round(peakResidentMiBOf(gateway.pid)),
    }),
  );
} finally {
  await gateway.stop();
  await influx.stop();
}
