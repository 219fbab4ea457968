import { join } from 'node:path';
import { pino } from 'pino';
import { openJournal } from '../index.ts';
import { scheduleForReal } from '../schedule.ts';

/**
 * For tests: appends until it is killed, and tells its parent each number that is on the disk, and its health. `small`:
 * the journal is so small, and tidied so often, that it packs, thins and writes its log back all the time.
 */
const [, , folder = '', size] = process.argv;
const limits = { maxBytes: 300_000, unpackedBytes: 10_000 };
const journal = openJournal({
  path: join(folder, 'journal.sqlite'),
  keyPath: join(folder, 'key.pem'),
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  logger: pino({ level: 'silent' }),
  ...(size === 'small' ? { limits, schedule: (work, ms) => scheduleForReal(work, Math.min(ms, 3)) } : {}),
});
await journal.start();
let healthy = true;
setInterval(() => {
  const health = journal.health();
  if (health.healthy !== healthy) process.send?.(health);
  healthy = health.healthy;
}, 10);
for (let index = 0; ; index += 1) {
  const count = 1 + (index % 7);
  journal.nextRunningNumber(count);
  const lines = Array.from(
    { length: count },
    (_, line) => `raw,device=a value=${line},quality=0i,received=1i ${index}`,
  );
  const appended = journal.appendReadings({
    lines: lines.join('\n'),
    count,
    firstAtMs: index,
    lastAtMs: index,
    keys: new Uint8Array(30),
  });
  void appended.then((number) => {
    process.send?.(number);
    if (size === 'small') void journal.moveCursor('uplink', number);
  });
  if (index % 50 === 0) await appended;
}
