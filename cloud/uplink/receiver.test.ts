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
    refused: { number: 0, kind: 'our_fault', reason: 'something broke in the cloud; its log says what' },
  });
  expect(broken.traffic(gateway.id).refusals).toEqual({ our_fault: 1 });
  expect(logged).toMatchObject([
    { msg: 'a message could not be taken', err: { message: 'the records are gone' } },
  ]);
  expect(await receiver().receive(gateway.id, message)).toEqual({ durableUpTo: 1 });
});

it('checks again when another worker has appended to the chain meanwhile', async () => {
  const other = receiver();
  const append = entries.append.bind(entries);
  entries.append = async (...args) => {
    entries.append = append;
    // It takes the same message between our check and our write.
    await other.receive(gateway.id, message);
    return append(...args);
  };
  const late = receiver();
  expect(await late.receive(gateway.id, message)).toEqual({ durableUpTo: 1 });
  expect(late.traffic(gateway.id)).toMatchObject({ accepted: 0, duplicates: 1, refusals: {} });
  expect(logged).toEqual([]);
});

it('waits for what another worker has before it tells of a gap, and no longer than it is let', async () => {
  const [one, two, three] = [entry, gateway.append(''), gateway.append('')];
  const bytes = (...some: (typeof entry)[]) => Buffer.from(JSON.stringify({ entries: some }));
  const asked: number[] = [];
  const patient = receiver({
    awaitPredecessor: async (times) => {
      asked.push(times);
      if (times === 2) await receiver().receive(gateway.id, bytes(one));
      return times < 5;
    },
  });
  expect(await patient.receive(gateway.id, bytes(two))).toEqual({ durableUpTo: 2 });
  expect(asked).toEqual([1, 2]);
  const four = gateway.append('');
  expect(await patient.receive(gateway.id, bytes(four))).toMatchObject({
    durableUpTo: 2,
    refused: { reason: 'gap: expected 3' },
  });
  expect(asked).toEqual([1, 2, 1, 2, 3, 4, 5]);
  expect(await patient.receive(gateway.id, bytes(three, four))).toEqual({ durableUpTo: 4 });
});
