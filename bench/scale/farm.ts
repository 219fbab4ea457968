import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { type FarmAndCloud, startFarmAndCloud } from '../../start/e2e/farm-and-cloud.ts';
import { cpuSecondsOf } from '../sides/processes.ts';
import { type Passed, WireMeter } from './wire-meter.ts';

/** As the arithmetic has it: sensors of a farm, each of which says something once a minute. */
export const SENSORS = 50;
const MINUTE_MS = 60_000;
/** Two of a segment and of its acknowledgement: IPv4 and TCP with time stamps. */
const HEADER_BYTES = 104;

export interface Farm {
  readonly readings: number;
  readonly entries: number;
  /** Of entries, to the cloud. */
  readonly messages: number;
  readonly liveMessages: number;
  /** Everything between gateway and cloud, both ways. */
  readonly payloadBytes: number;
  /** The same with what IP and TCP add at most. */
  readonly wireBytes: number;
  readonly gatewayCpuSeconds: number;
}

/** A gateway with fifty sensors and its cloud, for some real minutes; the first one is not counted. */
export async function farmFor(minutes: number, say: (text: string) => void): Promise<Farm> {
  const meter = new WireMeter();
  const farm = await startFarmAndCloud(1, (port) => meter.open(port));
  const clients: MqttClient[] = [];
  try {
    const technician = await farm.caller('gateway', 'technician');
    await farm.register();
    for (let n = 1; n <= SENSORS; n++) {
      const id = `bench-${n}`;
      const { password } = await technician.post<{ password: string }>('/api/devices', { id });
      clients.push(await connectAsync(`mqtt://127.0.0.1:${farm.ports.mqtt}`, { username: id, password }));
    }
    const speaking = new AbortController();
    const spoken = clients.map((client, n) => speak(client, n, speaking.signal));
    say(`${SENSORS} sensors speak once a minute, for ${minutes + 1} minutes`);
    await delay(MINUTE_MS);
    const before = await stateOf(meter, farm);
    await delay(minutes * MINUTE_MS);
    const after = await stateOf(meter, farm);
    speaking.abort();
    await Promise.all(spoken);
    return difference(before, after);
  } finally {
    for (const client of clients) await client.endAsync(true);
    await farm.remove();
    meter.close();
  }
}

interface State {
  readonly passed: Passed;
  readonly entries: number;
  readonly readings: number;
  readonly cpuSeconds: number;
}

async function stateOf(meter: WireMeter, farm: FarmAndCloud): Promise<State> {
  const technician = await farm.caller('gateway', 'technician');
  const { journal, counters } = await technician.get<{
    journal: { lastNumber: number };
    counters: { readings: number };
  }>('/api/live');
  const pid = farm.pid('gateway');
  return {
    ...{ passed: meter.passed(), entries: journal.lastNumber, readings: counters.readings },
    cpuSeconds: cpuSecondsOf(pid),
  };
}

/** Evenly spread over the minute. */
async function speak(client: MqttClient, n: number, signal: AbortSignal): Promise<void> {
  const topic = `nongtin/v1/bench-${n + 1}/readings`;
  try {
    await delay((n * MINUTE_MS) / SENSORS, undefined, { signal });
    for (let minute = 0; ; minute++) {
      const value = 0.2 + ((n * 13 + minute * 7) % 100) / 1_000;
      await client.publishAsync(topic, JSON.stringify({ soil_moisture: value }), { qos: 1 });
      await delay(MINUTE_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function difference(before: State, after: State): Farm {
  const bytes = after.passed.bytes - before.passed.bytes;
  const pieces = after.passed.pieces - before.passed.pieces;
  const countOf = (what: string) =>
    (after.passed.messages[what]?.count ?? 0) - (before.passed.messages[what]?.count ?? 0);
  return {
    readings: after.readings - before.readings,
    entries: after.entries - before.entries,
    messages: countOf('entries'),
    liveMessages: countOf('live'),
    payloadBytes: bytes,
    wireBytes: bytes + pieces * HEADER_BYTES,
    gatewayCpuSeconds: after.cpuSeconds - before.cpuSeconds,
  };
}
