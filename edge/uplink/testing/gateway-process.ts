import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { encodeReadings, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { openJournal } from '../../journal/index.ts';
import { Uplink } from '../uplink.ts';

/**
 * The journal and the uplink of a gateway in a process of their own, to be killed at any moment:
 *
 *   node gateway-process.ts FOLDER URL GATEWAY PASSWORD [CA_FILE]
 *
 * It writes entries all the time and tells its parent how far it and the cloud are. Told 'rest', it writes no more; told
 * 'dump', it writes all its entries to FOLDER/dump.json and ends.
 */
const [, , folder = '', url = '', gateway = '', password = '', caFile] = process.argv;
const EVERY_MS = 10;
const TELL_EVERY_MS = 20;
/** So that a test may cut it often; NONGTIN_TEST_TIMING=usual leaves a gateway's own. */
const hasty = { reconnectMs: 50, mostReconnectMs: 400, answerMs: 2_000, refusedMs: 200 };

const clock = { nowMs: Date.now, monotonicMs: () => Math.trunc(performance.now()) };
const logger = pino({ enabled: false });
const journal = openJournal({
  ...{ path: join(folder, 'journal.sqlite'), keyPath: join(folder, 'key.pem'), clock, logger },
});
await journal.start();
const { bootId, publicKeyHex: publicKey } = journal;
await journal.appendRecord({
  ...{ kind: 'boot', atMs: Date.now(), gateway, publicKey, softwareVersion: bootId },
});
const uplink = new Uplink({
  ...{ url, gateway, password, journal, clock, logger },
  ...(caFile === undefined ? {} : { tls: { ca: readFileSync(caFile, 'utf8') } }),
  ...(process.env.NONGTIN_TEST_TIMING === 'usual' ? {} : { timing: hasty }),
});
await uplink.start();

const writing = setInterval(write, EVERY_MS);
setInterval(() => {
  const { durableUpTo, lastRefusal } = uplink.state();
  process.send?.({ publicKey, lastNumber: journal.lastNumber(), durableUpTo, lastRefusal });
}, TELL_EVERY_MS);
process.on('disconnect', () => process.exit());
process.on('message', (word) => {
  if (word === 'rest') clearInterval(writing);
  else if (word === 'dump') void dump();
});

/** A few readings, each of its own series, device and value. */
function write(): void {
  const atMs = Date.now();
  const count = 1 + (atMs % 5);
  const first = journal.nextRunningNumber(count);
  const readings = Array.from({ length: count }, (_, index): Reading => {
    // Within the range of the metric, so that all of them count.
    const value = ((first + index) % 701) / 1000;
    const timeNs = seriesTimeNs(atMs, first + index);
    const device = `probe${(first + index) % 7}`;
    return { metric: 'soil_moisture', device, channel: '', value, quality: 0, receivedAtMs: atMs, timeNs };
  });
  const lines = encodeReadings(readings);
  void journal.appendReadings({ lines, count, firstAtMs: atMs, lastAtMs: atMs, keys: new Uint8Array() });
}

async function dump(): Promise<void> {
  await uplink.stop();
  const entries: unknown[] = [];
  for (let after = 0; after < journal.lastNumber(); after = entries.length)
    entries.push(...(await journal.read(after, 500)));
  writeFileSync(join(folder, 'dump.json'), JSON.stringify(entries));
  await journal.stop();
  process.exit();
}
