import { setTimeout as delay } from 'node:timers/promises';
import { startConsumer } from './load/consumer.ts';
import { connectGenerator } from './load/generator.ts';
import { type Benchmark, figureOf } from './result.ts';
import { remove, temporaryFolder } from './sides/leftovers.ts';
import { startMosquitto } from './sides/mosquitto.ts';
import { mosquittoVersion, versionIn } from './sides/programs.ts';
import { READINGS_TOPIC } from './sides/side.ts';

/**
 * Mosquitto in place of our own broker: from fifty publishers through it to the journal's disk, by our client, and beside it by
 * MQTT.js, which acknowledges each message in that message's own callback and takes the next one then.
 */
export const external: Benchmark = {
  name: 'external',
  async run({ quick, say }) {
    const mosquitto = await mosquittoVersion();
    if (mosquitto === undefined)
      throw new Error('This benchmark needs mosquitto (apt-get install mosquitto).');
    const size = quick ? QUICK : FULL;
    const found: Found[][] = [];
    for (let run = 1; run <= size.runs; run += 1) {
      const one: Found[] = [];
      // There and back: what else goes on in the machine then hits all alike.
      for (const setup of run % 2 === 0 ? SETUPS.toReversed() : SETUPS) {
        const measured = await measure(setup, size);
        const { messagesPerSecond: perSecond, messagesPerFsync: perFsync } = measured;
        say(`run ${run}: ${setup.name}: ${perSecond.toFixed(0)}/s, ${perFsync.toFixed(1)} a commit`);
        one.push(measured);
      }
      found.push(one);
    }
    return {
      runs: size.runs,
      figures: figuresOf(found, quick ? ' (quick)' : ''),
      targets: [{ figure: 'ratioToMqttJs', comparator: '>=', target: 10 }],
      versions: { mosquitto, mqtt: versionIn(import.meta.resolve('mqtt/package.json')) },
    };
  },
};

const FULL = { runs: 5, warmUpMs: 2_000, measuredMs: 5_000 };
const QUICK = { runs: 1, warmUpMs: 1_000, measuredMs: 2_000 };
/** More than any of the clients takes, and less than would leave it no processor. */
const OFFERED_PER_SECOND = 20_000;
const DEVICES = Array.from({ length: 50 }, (_, index) => `bench-${index + 1}`);
const WINDOW = 200;
const MESSAGE_BYTES = 121;

/** `inflight`: how many messages Mosquitto has on their way to one client. The generated configuration says 1,000. */
interface Setup {
  readonly name: 'ours' | 'oursStock' | 'mqttJs';
  readonly client: 'ours' | 'mqttJs';
  readonly inflight: number;
}

const SETUPS: readonly Setup[] = [
  { name: 'ours', client: 'ours', inflight: 1_000 },
  { name: 'oursStock', client: 'ours', inflight: 20 },
  { name: 'mqttJs', client: 'mqttJs', inflight: 1_000 },
];

export interface Found {
  readonly name: Setup['name'];
  readonly messagesPerSecond: number;
  readonly messagesPerFsync: number;
}

async function measure(setup: Setup, size: typeof FULL): Promise<Found> {
  const mosquitto = await startMosquitto(undefined, setup.inflight);
  const folder = temporaryFolder('external');
  const consumer = await startConsumer({
    client: setup.client,
    port: mosquitto.port,
    folder,
    devices: DEVICES,
  });
  try {
    const seconds = (size.warmUpMs + size.measuredMs) / 1_000;
    const generator = await connectGenerator({
      ...{ host: '127.0.0.1', port: mosquitto.port, topic: READINGS_TOPIC, qos: 1 },
      ...{ devices: DEVICES.map((id) => ({ id })), messagesPerSecond: OFFERED_PER_SECOND, seconds },
      ...{ window: WINDOW, marks: 'time', messageBytes: MESSAGE_BYTES, epochMs: Date.now(), settleMs: 0 },
    });
    const load = generator.run();
    await delay(size.warmUpMs);
    const before = await consumer.counts();
    await delay(size.measuredMs);
    const after = await consumer.counts();
    await load;
    const messages = after.durable - before.durable;
    return {
      name: setup.name,
      messagesPerSecond: (messages * 1_000) / (after.atMs - before.atMs),
      messagesPerFsync: messages / (after.commits - before.commits),
    };
  } finally {
    await consumer.stop();
    await mosquitto.stop();
    remove(folder);
  }
}

/** Ours have no name in front. */
export function figuresOf(found: readonly (readonly Found[])[], size: string) {
  const of = (name: Setup['name'], pick: (one: Found) => number) =>
    found.flatMap((run) => run.filter((one) => one.name === name).map(pick));
  const rate = ({ messagesPerSecond }: Found) => messagesPerSecond;
  const perFsync = ({ messagesPerFsync }: Found) => messagesPerFsync;
  const ours = of('ours', rate);
  const theirs = of('mqttJs', rate);
  return {
    messagesPerSecond: figureOf(ours, `1/s${size}`),
    messagesPerFsync: figureOf(of('ours', perFsync), `1${size}`),
    messagesPerSecondAtStockInflight: figureOf(of('oursStock', rate), `1/s${size}`),
    messagesPerFsyncAtStockInflight: figureOf(of('oursStock', perFsync), `1${size}`),
    mqttJsMessagesPerSecond: figureOf(theirs, `1/s${size}`),
    mqttJsMessagesPerFsync: figureOf(of('mqttJs', perFsync), `1${size}`),
    ratioToMqttJs: figureOf(
      ours.map((own, run) => own / (theirs[run] ?? Number.NaN)),
      `1${size}`,
    ),
  };
}
