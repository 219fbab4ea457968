import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryHash, GENESIS_HASH, type UplinkEntry } from '@nongtin/broker/wire';
import { afterAll, expect, it } from 'vitest';
import { TestGateway } from '../testing/gateway.ts';
import { checkEntries, type Held, publicKeyFrom } from './check.ts';
import { SqliteEntryStore } from './sqlite-entry-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'nongtin-thinned-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const gateway = new TestGateway('gw-1');
for (let n = 0; n < 9; n += 1) gateway.append(`raw,device=a value=${n} ${n}`);
const key = publicKeyFrom(gateway.publicKey);
const nothing: Held = { head: undefined, hashOf: () => undefined };

const at = (number: number): UplinkEntry => {
  const entry = gateway.journal[number - 1];
  if (entry === undefined) throw new RangeError(String(number));
  return entry;
};
const hashAt = (number: number) => (number === 0 ? GENESIS_HASH : entryHash(at(number), at(number).payload));
const thinned = (number: number): UplinkEntry => ({
  ...at(number),
  payload: '',
  thinned: { hash: hashAt(number) },
});
/** One entry that stands for all from `first` to `last`. */
const joined = (first: number, last: number): UplinkEntry => ({
  ...thinned(last),
  previousHash: at(first).previousHash,
  thinned: { hash: hashAt(last), firstNumber: first },
});

it('takes a thinned entry by its hash, and the chain goes on over it', () => {
  const { fresh, refused } = checkEntries([at(1), thinned(2), thinned(3), at(4)], key, nothing);
  expect(refused).toBeUndefined();
  expect(fresh.map(({ number, hash }) => [number, hash])).toEqual(
    [1, 2, 3, 4].map((number) => [number, hashAt(number)]),
  );
});

it('takes one entry for a whole run, from its beginning or from the middle', () => {
  const { fresh, refused } = checkEntries([at(1), joined(2, 6), at(7)], key, nothing);
  expect(refused).toBeUndefined();
  expect(fresh.map(({ number }) => number)).toEqual([1, 6, 7]);
  const held = { head: { number: 4, hash: hashAt(4) }, hashOf: hashAt };
  expect(checkEntries([joined(2, 6), at(7)], key, held).fresh.map(({ number }) => number)).toEqual([6, 7]);
});

it('is the same entry with and without its payload, and inside a run that is held', () => {
  const held = { head: { number: 3, hash: hashAt(3) }, hashOf: hashAt };
  expect(checkEntries([thinned(2), at(3)], key, held)).toEqual({ fresh: [], duplicates: 2 });
  const run = { head: { number: 6, hash: hashAt(6) }, hashOf: () => undefined };
  expect(checkEntries([thinned(4), at(7)], key, run)).toMatchObject({
    duplicates: 1,
    fresh: [{ number: 7 }],
  });
});

it.each([
  ['another hash', { ...thinned(2), thinned: { hash: hashAt(3) } }, 'signature'],
  ['another predecessor', { ...thinned(2), previousHash: hashAt(5) }, 'fork'],
  ['a run that begins too late', joined(3, 6), 'gap'],
  ['a payload beside the hash', { ...thinned(2), payload: 'raw,device=a value=9 9' }, 'signature'],
])('refuses %s', (_, entry, kind) => {
  const held = { head: { number: 1, hash: hashAt(1) }, hashOf: hashAt };
  expect(checkEntries([entry], key, held).refused?.kind).toBe(kind);
});

it('counts what came thinned, each entry of a run', async () => {
  const store = new SqliteEntryStore(join(folder, 'entries.sqlite'));
  await store.open();
  const { fresh } = checkEntries([at(1), joined(2, 6), thinned(7), at(8)], key, nothing);
  await store.append('gw-1', fresh, { after: undefined, receivedAtMs: 0 });
  expect(await store.thinned('gw-1')).toBe(6);
  expect(await store.head('gw-1')).toEqual({ number: 8, hash: hashAt(8) });
  await store.close();
});
