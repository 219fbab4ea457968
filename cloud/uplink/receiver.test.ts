import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestGateway } from '../testing/gateway.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import { SqliteEntryStore } from './sqlite-entry-store.ts';

const logged: { msg: string; err?: { message: string } }[] = [];
const logger = pino({ level: 'error' }, { write: (line) => void logged.push(JSON.parse(line)) });
const gateway = new TestGateway('gw-1');
const entry = gateway.append('');
let folder: string;
let entries: SqliteEntryStore;

beforeEach(async () => {
  logged.length = 0;
  folder = mkdtempSync(join(tmpdir(), 'nongtin-receiver-'));
  entries = new SqliteEntryStore(join(folder, 'entries.sqlite'));
  await entries.open();
});
afterEach(async () => {
  await entries.close();
  rmSync(folder, { recursive: true, force: true });
});

function receiver(changes: Partial<ReceiverOptions> = {}): Receiver {
  return new Receiver({
    ...{ entries, logger, clock: { nowMs: () => 1 }, onAppended: () => {} },
    keyOf: async () => ({ publicKey: gateway.publicKey, revoked: false }),
    ...changes,
  });
}

const message = Buffer.from(JSON.stringify({ entries: [entry] }));

it('says that it cannot store when the entry store fails', async () => {
  const file = new DatabaseSync(join(folder, 'entries.sqlite'));
  file.exec('drop table entries');
  file.close();
  const broken = receiver();
  const { refused } = await broken.receive(gateway.id, message);
  expect(refused?.reason).toBe('the cloud cannot store entries now');
  expect(broken.traffic(gateway.id).refusals).toEqual({ storage: 1 });
  expect(logged).toMatchObject([{ msg: 'entries could not be stored' }]);
});

it('does not blame the entry store for what else breaks, and logs it', async () => {
  const broken = receiver({ keyOf: () => Promise.reject(new Error('the records are gone')) });
  const answer = await broken.receive(gateway.id, message);
  expect(answer).toEqual({
    durableUpTo: 0,
    refused: { number: 0, reason: 'something broke in the cloud; its log says what' },
  });
  expect(broken.traffic(gateway.id).refusals).toEqual({ our_fault: 1 });
  expect(logged).toMatchObject([
    { msg: 'a message could not be taken', err: { message: 'the records are gone' } },
  ]);
  expect(await receiver().receive(gateway.id, message)).toEqual({ durableUpTo: 1 });
});
