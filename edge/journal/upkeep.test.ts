import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeRecord, entryHash, GENESIS_HASH, parseRecord, type ThinnedRecord } from '@nongtin/broker/wire';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { Signer } from './chain.ts';
import { checkChain } from './check.ts';
import { loadOrCreateKey } from './key.ts';
import { JournalTables } from './tables.ts';
import { VERSION_1 } from './testing/version-1.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-upkeep-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

const BOOT = 'ab'.repeat(16);
const DAY_MS = 86_400_000;
const request = { bootId: BOOT, monotonicMs: 7, nowMs: 1_000, mayPack: true };

function journalAt(folder: string, maxBytes = 1e9, unpackedBytes = 2_000) {
  const path = join(folder, 'journal.sqlite');
  const key = loadOrCreateKey(join(folder, 'key.pem'));
  const tables = new JournalTables({
    path,
    privateKeyPem: key.pem,
    genesisHash: GENESIS_HASH,
    limits: { maxBytes, unpackedBytes },
    cursorsSavedMs: 1_000,
  });
  onTestFinished(() => {
    if (tables.isOpen) tables.close();
  });
  return { tables, key, path };
}
const newFolder = () => join(root, String(++folders));

/** A line a second of one sensor; the payload of entry `number`. */
const payloadOf = (number: number, lines = 1) =>
  Array.from(
    { length: lines },
    (_, line) =>
      `soil_moisture,device=a value=${0.2 + number / 10_000} ${1_700_000_000_000_000_000 + number + line}`,
  ).join('\n');

/** 50 readings that cannot be made smaller than 3 KB. */
const noise = () =>
  Array.from({ length: 50 }, () => `raw,device=${randomBytes(60).toString('hex')} value=1 1`).join('\n');

function append(tables: JournalTables, number: number, lines = 1, payload = payloadOf(number, lines)): void {
  tables.commit({
    ...request,
    readings: {
      ...{ payload: Buffer.from(payload), count: lines, firstAtMs: number, lastAtMs: number + lines },
      ...{ firstReading: number * lines, keys: new Uint8Array(30).fill(number) },
    },
    records: [],
  });
}

function appendRecord(tables: JournalTables, text: string): void {
  const payload = `{"kind":"harvest","text":"${text}"}`;
  tables.commit({ ...request, records: [{ kind: 'harvest', payload, firstAtMs: 1, lastAtMs: 1 }] });
}

function keepHouse(tables: JournalTables, nowMs = request.nowMs): ThinnedRecord[] {
  const thinned: ThinnedRecord[] = [];
  for (let turns = 0; turns < 10_000; turns += 1) {
    const report = tables.upkeep({ ...request, nowMs });
    for (const payload of report.thinned) {
      const record = parseRecord(payload);
      expect(encodeRecord(record)).toBe(payload);
      if (record.kind === 'thinned') thinned.push(record);
    }
    if (!report.more) return thinned;
  }
  throw new Error('housekeeping does not come to an end');
}

function all(tables: JournalTables) {
  const entries = [];
  for (let after = 0; ; ) {
    const part = tables.read(after, 97);
    entries.push(...part);
    const last = part.at(-1);
    if (last === undefined) return entries;
    after = last.number;
  }
}

/** The whole chain, from the first entry to the last: links, hashes and signatures. */
function expectWholeChain(tables: JournalTables, publicKeyHex: string): void {
  const entries = all(tables);
  expect(checkChain(entries, 0, GENESIS_HASH)?.number).toBe(tables.lastNumber);
  const x = Buffer.from(publicKeyHex, 'hex').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  for (const { hash, signature } of entries) {
    if (!verify(null, Buffer.from(hash, 'hex'), key, Buffer.from(signature, 'hex'))) throw new Error(hash);
  }
}

it('packs old readings and gives them back as they were; records stay where they are', () => {
  const folder = newFolder();
  const { tables, key } = journalAt(folder);
  for (let number = 1; number <= 3_000; number += 1) {
    if (number % 500 === 0) appendRecord(tables, String(number));
    else append(tables, number);
  }
  const before = all(tables);
  const bytesBefore = tables.upkeep({ ...request, mayPack: false }).fill.bytes;
  keepHouse(tables);
  expect(all(tables)).toEqual(before);
  expect(tables.tail().fill.bytes).toBeLessThan(bytesBefore * 0.6);
  expect(tables.records('harvest', 2)[0]).toContain('"3000"');
  expectWholeChain(tables, key.publicKeyHex);
  const tail = tables.tail();
  expect(tail.nextReading).toBe(3_000);
  tables.close();
  const again = journalAt(folder).tables;
  expect(again.tail()).toEqual(tail);
  expect(all(again)).toEqual(before);
});

it('compresses a large payload when it is written, and hashes it as it was', () => {
  const { tables, key } = journalAt(newFolder());
  append(tables, 1, 3_000);
  const [entry] = tables.read(0, 1);
  expect(entry?.payload).toBe(payloadOf(1, 3_000));
  expect(entry && entryHash(entry, entry.payload)).toBe(entry?.hash);
  expect(tables.tail().fill.bytes).toBeLessThan(payloadOf(1, 3_000).length);
  expectWholeChain(tables, key.publicKeyHex);
});

it('stays below its size by giving up what every reader has seen, and says so in the journal', () => {
  const maxBytes = 400_000;
  const folder = newFolder();
  const { tables, key } = journalAt(folder, maxBytes, 20_000);
  appendRecord(tables, 'the first harvest');
  let largest = 0;
  const thinned: ThinnedRecord[] = [];
  for (let number = 2; number <= 8_000; number += 1) {
    append(tables, number);
    tables.cursors.move('series:here', tables.lastNumber, request.nowMs);
    if (number % 100 === 0) {
      thinned.push(...keepHouse(tables));
      largest = Math.max(largest, tables.tail().fill.bytes);
    }
  }
  expect(largest).toBeLessThan(maxBytes * 1.2);
  expect(tables.records('harvest', 1)).toHaveLength(1);
  expect(thinned.every(({ delivered }) => delivered)).toBe(true);
  expect(tables.records('thinned', 10_000).length).toBe(thinned.length);
  expect(tables.tail().fill.thinnedEntries).toBe(thinned.reduce((sum, { entries }) => sum + entries, 0));
  expectWholeChain(tables, key.publicKeyHex);
  // Old tombstones are joined, so that they do not fill it either.
  expect(all(tables).length).toBeLessThan(tables.lastNumber);
  const newest = all(tables).at(-1);
  expect(newest).toMatchObject({ kind: expect.stringMatching(/readings|thinned/) });
  tables.close();
  expectWholeChain(journalAt(folder, maxBytes, 20_000).tables, key.publicKeyHex);
});

it('gives up nothing that a reader has not seen', () => {
  const { tables } = journalAt(newFolder(), 100_000);
  tables.cursors.move('series:gone', 10, 0);
  tables.cursors.save();
  for (let number = 1; number <= 2_000; number += 1) append(tables, number);
  tables.cursors.move('uplink', 500, request.nowMs);
  keepHouse(tables);
  expect(all(tables).filter(({ number, thinned }) => number > 10 && thinned !== undefined)).toEqual([]);
});

it('forgets a reader that was not seen for a month', () => {
  const folder = newFolder();
  const before = journalAt(folder, 100_000).tables;
  before.cursors.move('series:gone', 10, 0);
  for (let number = 1; number <= 2_000; number += 1) append(before, number);
  before.cursors.save();
  before.close();
  const { tables } = journalAt(folder, 100_000);
  tables.cursors.move('uplink', 1_500, 20 * DAY_MS);
  expect(keepHouse(tables, 20 * DAY_MS).every(({ lastNumber }) => lastNumber <= 10)).toBe(true);
  const thinned = keepHouse(tables, 40 * DAY_MS);
  expect(thinned.length).toBeGreaterThan(0);
  expect(thinned.at(-1)?.lastNumber).toBeLessThanOrEqual(1_500);
});

it('makes room on a full disk: what is delivered goes first, what is not only when nothing else is left', () => {
  const { tables, key } = journalAt(newFolder(), 1e9, 1e9);
  for (let number = 1; number <= 200; number += 1) append(tables, number, 50, noise());
  tables.cursors.move('uplink', 100, request.nowMs);
  const delivered = tables.makeRoom(request);
  expect(parseRecord(delivered?.thinned[0] ?? '')).toMatchObject({
    ...{ delivered: true, firstNumber: 1, lastNumber: 100, entries: 100, readings: 5_000 },
  });
  const undelivered = tables.makeRoom(request);
  expect(parseRecord(undelivered?.thinned[0] ?? '')).toMatchObject({
    ...{ delivered: false, firstNumber: 101, lastNumber: 200 },
  });
  expect(tables.makeRoom(request)).toBeUndefined();
  expectWholeChain(tables, key.publicKeyHex);
});

it('gives up nothing on a full disk for so little that it would not help', () => {
  const { tables } = journalAt(newFolder(), 1e9, 1e9);
  for (let number = 1; number <= 100; number += 1) append(tables, number);
  const before = all(tables);
  expect(tables.makeRoom(request)).toBeUndefined();
  expect(all(tables)).toEqual(before);
});

it('packs on a full disk before it gives up anything, and needs no more room for it', () => {
  const { tables, key } = journalAt(newFolder(), 1e9, 1e9);
  for (let number = 1; number <= 4_000; number += 1) append(tables, number);
  const before = all(tables);
  tables.stopGrowing(() => 0);
  expect(tables.makeRoom(request)).toMatchObject({ thinned: [] });
  for (let number = 4_001; number <= 4_300; number += 1) append(tables, number);
  expect(all(tables).slice(0, 4_000)).toEqual(before);
  expectWholeChain(tables, key.publicKeyHex);
});

it('opens a journal of version 1 as it is, and goes on with it', () => {
  const folder = newFolder();
  const path = join(folder, 'journal.sqlite');
  const key = loadOrCreateKey(join(folder, 'key.pem'));
  const signer = new Signer(key.pem);
  const old = new DatabaseSync(path);
  old.exec(VERSION_1);
  const insert = old.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  let previousHash = GENESIS_HASH;
  for (let number = 1; number <= 300; number += 1) {
    const payload = payloadOf(number);
    const hash = entryHash({ number, previousHash, bootId: BOOT }, payload);
    const bytes = (hex: string) => Buffer.from(hex, 'hex');
    insert.run(
      ...[number, bytes(previousHash), bytes(hash), bytes(BOOT), 1, 'readings', 1, number, number],
      ...[signer.sign(bytes(hash)), number - 1, new Uint8Array(30), payload],
    );
    previousHash = hash;
  }
  old.exec("INSERT INTO cursors VALUES ('uplink', 17)");
  old.close();
  const { tables } = journalAt(folder);
  expect(tables.cursors.number('uplink', 0)).toBe(17);
  expect(tables.tail()).toMatchObject({ lastNumber: 300, nextReading: 300 });
  append(tables, 301, 50);
  keepHouse(tables);
  const entries = all(tables);
  expect(entries.map(({ payload }) => payload)).toEqual([
    ...Array.from({ length: 300 }, (_, index) => payloadOf(index + 1)),
    payloadOf(301, 50),
  ]);
  expectWholeChain(tables, key.publicKeyHex);
});
