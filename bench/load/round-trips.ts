import { setTimeout as delay } from 'node:timers/promises';
import { READINGS_TOPIC, type Side, valveCommandTopic, valveStateTopic } from '../sides/side.ts';
import { Client } from './client.ts';
import { Histogram } from './histogram.ts';

/** Round trips that are measured one by one, while a load may go on beside them. */

const ANSWER_WITHIN_MS = 5_000;
/** Between two tries: a query that shows the row is found this much too late at the most. */
const ASK_EVERY_MS = 1;

/** From a device's publish until a query on InfluxDB shows the row. */
export async function rowVisible(side: Side, device: string, samples: number): Promise<Histogram> {
  const client = await Client.connect({ port: side.mqttPort, id: device, password: side.password(device) });
  const latencies = new Histogram();
  const topic = READINGS_TOPIC.replace('{device}', device);
  // Above what any load counts up to, and rising from one call to the next.
  const first = Date.now() % 1e9;
  for (let sample = 0; sample < samples; sample += 1) {
    const number = 1e9 + first + sample;
    const sentAtMs = performance.now();
    const acknowledged = client.publish(topic, JSON.stringify({ soil_moisture: 0.25, volume: number }));
    while ((await side.newestNumber(device)) !== number) {
      if (performance.now() - sentAtMs > ANSWER_WITHIN_MS)
        throw new Error('a reading did not become visible');
      await delay(ASK_EVERY_MS);
    }
    latencies.add(performance.now() - sentAtMs);
    await acknowledged;
    await delay(5 + 20 * ((sample * 0.618) % 1));
  }
  client.close();
  return latencies;
}

/**
 * From a closed valve's report that water flows, which nobody asked for, until the command to close is on the wire.
 * The valve then reports that nothing flows, so that each report is news.
 */
export async function valveCloses(side: Side, valve: string, samples: number): Promise<Histogram> {
  const client = await Client.connect({ port: side.mqttPort, id: valve, password: side.password(valve) });
  const latencies = new Histogram();
  let litres = 0;
  const report = (flowLitresPerMinute: number) =>
    JSON.stringify({ state: 'closed', cause: 'periodic', flowLitresPerMinute, totalLitres: ++litres });
  // Node-RED's flow answers each report and repeats its meter; ours closes only what flows unasked.
  const answers = (payload: string) =>
    payload.includes('"close"') && (side.name === 'ours' || payload.includes(`"id":"${litres}"`));
  let closed = () => {};
  client.onMessage((_topic, payload) => {
    if (answers(payload)) closed();
  });
  await client.subscribe(valveCommandTopic(valve));
  const topic = valveStateTopic(valve);
  for (let sample = 0; sample < samples; sample += 1) {
    closed = () => {};
    await client.publish(topic, report(0));
    await delay(10 + 10 * ((sample * 0.618) % 1));
    const leaking = report(25);
    const sentAtMs = performance.now();
    const command = new Promise<void>((resolve, reject) => {
      closed = resolve;
      setTimeout(() => reject(new Error('no command came')), ANSWER_WITHIN_MS).unref();
    });
    const acknowledged = client.publish(topic, leaking);
    await command;
    latencies.add(performance.now() - sentAtMs);
    await acknowledged;
  }
  client.close();
  return latencies;
}

/**
 * From a probe's dry reading until the command to open is on the wire: in between the intent becomes durable. A zone
 * rests after a run, so each is opened once; its valve answers as a valve does, and is closed by a wet reading.
 */
export async function valveOpens(side: Side, zones: readonly string[]): Promise<Histogram> {
  const latencies = new Histogram();
  for (const zone of zones) {
    const client = await Client.connect({ port: side.mqttPort, id: zone, password: side.password(zone) });
    let told = (_action: string) => {};
    client.onMessage((_topic, payload) => told(payload.includes('"open"') ? 'open' : 'close'));
    await client.subscribe(valveCommandTopic(zone));
    const command = (action: string) =>
      new Promise<void>((resolve, reject) => {
        told = (heard) => heard === action && resolve();
        setTimeout(() => reject(new Error(`${zone} was not told to ${action}`)), ANSWER_WITHIN_MS).unref();
      });
    const valve = (state: 'open' | 'closed', flowLitresPerMinute: number) =>
      client.publish(
        valveStateTopic(zone),
        JSON.stringify({ state, cause: 'command', flowLitresPerMinute, totalLitres: 1 }),
      );
    const moisture = (fraction: number) =>
      client.publish(READINGS_TOPIC.replace('{device}', zone), JSON.stringify({ soil_moisture: fraction }));
    await valve('closed', 0);
    const sentAtMs = performance.now();
    const opened = command('open');
    const dry = moisture(0.1);
    await opened;
    latencies.add(performance.now() - sentAtMs);
    await dry;
    await valve('open', 38);
    const closed = command('close');
    await moisture(0.3);
    await closed;
    await valve('closed', 0);
    client.close();
  }
  return latencies;
}
