import { join } from 'node:path';
import { pino } from 'pino';
import { openJournal } from '../index.ts';

/** For tests: appends until it is killed, and tells its parent each number that is on the disk, and its health. */
const [, , folder = ''] = process.argv;
const journal = openJournal({
  path: join(folder, 'journal.sqlite'),
  keyPath: join(folder, 'key.pem'),
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  logger: pino({ level: 'silent' }),
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
  void appended.then((number) => process.send?.(number));
  if (index % 50 === 0) await appended;
}
