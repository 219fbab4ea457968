import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { curveOf, growthOf, type Sample } from './load/curve.ts';
import { connectGenerator } from './load/generator.ts';
import { type Benchmark, figureOf, type Measurement } from './result.ts';
import { GatewaySide } from './sides/gateway.ts';
import { peakResidentMiBOf, residentMiBOf, writtenBytesOf } from './sides/processes.ts';
import { READINGS_TOPIC } from './sides/side.ts';

/**
 * The gateway with its broker and the SQLite store, and 1,000 devices that replay a day of one reading a minute: how
 * much memory it holds, hour by hour, and how many bytes it writes to the disk.
 */
export const memory: Benchmark = {
  name: 'memory',
  async run({ quick, say }) {
    const size = quick ? QUICK : FULL;
    const whole = await replay(size.hours, undefined, say);
    for (const line of curveOf(whole.samples)) say(line);
    const journal = await replay(size.journalHours, await sink(), say);
    return measurementOf(whole, journal, size.hours);
  },
};

const DEVICES = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Each look has the gateway write a page of figures. */
const SAMPLE_EVERY_MS = 2_000;
/** A hundred and eighty times as fast as it was. */
const MESSAGES_PER_SECOND = 3_000;
/** What a device may have on its way: its next reading would come a minute later. */
const WINDOW = 1;
/** A small machine may take its time: what is measured is memory, not speed. */
const SETTLE_MS = 900_000;

const FULL = { hours: 24, journalHours: 2 };
const QUICK = { hours: 2, journalHours: 0.5 };

interface Replay {
  readonly samples: readonly Sample[];
  readonly idleMiB: number;
  readonly peakMiB: number;
  readonly bytesPer1000Readings: number;
}

async function replay(
  hours: number,
  influxUrl: string | undefined,
  say: (text: string) => void,
): Promise<Replay> {
  const devices = Array.from({ length: DEVICES }, (_, index) => `bench-${index + 1}`);
  const gateway = await GatewaySide.start({ influxUrl, devices });
  const messages = DEVICES * hours * 60;
  say(
    `${messages} messages of ${DEVICES} devices to ${influxUrl === undefined ? 'SQLite' : 'the journal alone'}`,
  );
  const generator = await connectGenerator({
    ...{ host: '127.0.0.1', port: gateway.mqttPort, topic: READINGS_TOPIC },
    devices: devices.map((id) => ({ id, password: gateway.passwords.get(id) })),
    ...{ messagesPerSecond: MESSAGES_PER_SECOND, seconds: messages / MESSAGES_PER_SECOND, window: WINDOW },
    ...{ marks: 'time', fields: 1, epochMs: Date.now() - hours * HOUR_MS, stepMs: MINUTE_MS },
    settleMs: SETTLE_MS,
  });
  try {
    const idleMiB = residentMiBOf(gateway.pid);
    const writtenBefore = writtenBytesOf(gateway.pid);
    const samples: Sample[] = [];
    let isLoaded = false;
    const loaded = generator.run().finally(() => {
      isLoaded = true;
    });
    // Told below; when something else fails first, that is what is told.
    loaded.catch(() => {});
    while (!isLoaded || (await gateway.behindEntries()) > 0) {
      const readings = await gateway.readings();
      samples.push({ hour: readings / DEVICES / 60, residentMiB: residentMiBOf(gateway.pid) });
      await delay(SAMPLE_EVERY_MS);
    }
    const { sent, acknowledged } = await loaded;
    const readings = await gateway.readings();
    if (sent !== messages || acknowledged !== messages || readings !== messages) {
      throw new Error(
        `of ${messages}, ${sent} were sent, ${acknowledged} acknowledged, ${readings} taken in`,
      );
    }
    const written = writtenBytesOf(gateway.pid) - writtenBefore;
    return {
      ...{ samples, idleMiB },
      peakMiB: peakResidentMiBOf(gateway.pid),
      bytesPer1000Readings: (written * 1_000) / readings,
    };
  } finally {
    await generator.stop();
    await gateway.stop();
  }
}

/** Takes the place of an InfluxDB that accepts everything, so that the gateway's own writes are the journal's alone. */
async function sink(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const isQuery = request.url?.startsWith('/query') === true;
      response.writeHead(isQuery ? 200 : 204, { 'content-type': 'application/json' });
      response.end(isQuery ? '{"results":[{}]}' : undefined);
    });
  });
  server.unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

function measurementOf(whole: Replay, journal: Replay, hours: number): Measurement {
  const one = (value: number, unit: string) => figureOf([value], unit);
  return {
    runs: 1,
    figures: {
      residentMiB: one(whole.peakMiB, `MiB (most, ${hours} h)`),
      growthMiB: one(growthOf(whole.samples, hours), 'MiB (last quarter − second)'),
      idleMiB: one(whole.idleMiB, 'MiB (1,000 connections, no message yet)'),
      bytesPer1000Readings: one(whole.bytesPer1000Readings, 'bytes (journal and SQLite store)'),
      journalBytesPer1000Readings: one(journal.bytesPer1000Readings, 'bytes'),
    },
    targets: [
      { figure: 'residentMiB', comparator: '<', target: 160 },
      { figure: 'growthMiB', comparator: '<', target: 8 },
    ],
  };
}
