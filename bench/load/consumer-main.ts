import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { createExternalBroker, type DurabilityHook, type Identity } from '@nongtin/broker';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { createIngest } from '../../edge/ingest/index.ts';
import { openJournal } from '../../edge/journal/index.ts';
import { createProfiles, shortMemory } from '../../edge/profiles/index.ts';
import type { ConsumerCounts, ConsumerOptions } from './consumer.ts';

/**
 * A gateway's way from a broker elsewhere to the disk, a process of its own: ingest and journal are the gateway's; what is compared
 * is the client in front of them. Takes ConsumerOptions as one line of JSON on stdin, says 'connected', and answers every
 * line with ConsumerCounts. Ends with its stdin.
 */
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const options = JSON.parse((await lines.next()).value ?? '{}') as ConsumerOptions;
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const logger = pino({ enabled: false });
const clock = { nowMs: Date.now, monotonicMs: () => Math.trunc(performance.now()) };

const journal = openJournal({
  path: join(options.folder, 'journal.sqlite'),
  keyPath: join(options.folder, 'key.pem'),
  clock,
  logger,
});
await journal.start();
let commits = 0;
let durable = 0;
journal.onCommit(() => {
  commits += 1;
});
const ingest = createIngest({
  ...{ journal, profiles: createProfiles(shortMemory()), clock, logger },
  onReadings: () => {},
  onStatus: () => {},
  onQuarantine: () => {},
});
const hook: DurabilityHook = {
  receive: (message) => {
    const done = ingest.receive(message);
    done.then(() => {
      durable += 1;
    });
    return done;
  },
};
const people: readonly Identity[] = options.devices.map((id) => ({ id, role: 'device' }));
await (options.client === 'ours' ? ours() : mqttJs());
say({ event: 'connected' });
for await (const _ of lines) {
  const counts: ConsumerCounts = { durable, commits, atMs: performance.now() };
  say(counts);
}
process.exit();

async function ours(): Promise<void> {
  const connected = Promise.withResolvers<void>();
  const broker = createExternalBroker({
    target: { host: '127.0.0.1', port: options.port, username: 'nongtin', password: 'x', tls: undefined },
    ...{ clientId: 'bench', people: () => people, hook, logger, clock },
    onReach: (reach) => reach.connected && connected.resolve(),
  });
  await broker.start();
  await connected.promise;
}

/** As its documentation has it for whoever wants to acknowledge late: `handleMessage` calls back, and PUBACK goes out. */
async function mqttJs(): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${options.port}`, { clientId: 'bench', clean: false });
  const byId = new Map(people.map((person) => [person.id, person]));
  client.handleMessage = ({ topic, payload, qos, dup, retain, messageId }, done) => {
    const identity = byId.get(topic.split('/')[2] ?? '');
    if (identity === undefined) return done();
    const message = { identity, clientId: 'bench', topic, payload: Buffer.from(payload), qos, dup, retain };
    hook.receive({ ...message, packetId: messageId, receivedAtMs: Date.now() }).then(() => done(), done);
  };
  await client.subscribeAsync('nongtin/v1/+/readings', { qos: 1 });
}
