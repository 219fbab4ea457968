import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { pino } from 'pino';
import { Outboxes } from '../outboxes.ts';

/**
 * Adds messages and sends what waits, as a gateway does, until it is killed: node outbox-process.ts OUTBOX SERVICE. The service is a
 * file with a line for each message that it has taken.
 */
const [path = '', service = ''] = process.argv.slice(2);
const outbox = new Outboxes(path, pino({ enabled: false }));
outbox.start();

for (;;) {
  send();
  const id = `m-${process.pid}-${process.hrtime.bigint()}`;
  const told = { times: 1, lastMs: 1, last: 'alarm', reached: false, open: true } as const;
  outbox.add({
    ...{ id, person: 'ba', channel: 'sms', priority: 'high', content: { kind: 'test', by: 'Ba' } },
    ...{ createdAtMs: 1, createdMs: 1, expiresMs: 2, bucket: { tokens: 1, atMs: 1 } },
    tells: [{ alarmId: id, told }],
  });
  process.stdout.write(`added ${id}\n`);
}

function send(): void {
  for (let message = outbox.next('sms', 10); message !== undefined; message = outbox.next('sms', 10)) {
    const { id } = message;
    outbox.sending(id, 1);
    appendFileSync(service, `${id}\n`);
    outbox.settle(id, { outcome: 'accepted' }, 1, 1);
    process.stdout.write(`accepted ${id}\n`);
  }
}
