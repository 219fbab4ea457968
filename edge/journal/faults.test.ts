import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GENESIS_HASH } from '@nongtin/broker/wire';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { Signer } from './chain.ts';
import { checkChain } from './check.ts';
import { loadOrCreateKey } from './key.ts';
import { openTables, salvageTables } from './opening.ts';
import type { JournalTables } from './tables.ts';
import type { JournalEntry } from './types.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-faults-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

const PAGE = 1_024;
const request = { bootId: 'cd'.repeat(16), monotonicMs: 7, nowMs: 1_000, mayPack: true };
const pathIn = (folder: string) => join(folder, 'journal.sqlite');

function dataOf(folder: string) {
  return {
    path: pathIn(folder),
    privateKeyPem: loadOrCreateKey(join(folder, 'key.pem')).pem,
    genesisHash: GENESIS_HASH,
    limits: { maxBytes: 1e9, unpackedBytes: 4_000 },
    cursorsSavedMs: 1_000,
  };
}

function opened(folder: string) {
  const data = dataOf(folder);
  const result = openTables(data);
  onTestFinished(() => {
    if (result.tables.isOpen) result.tables.close();
  });
  return { ...result, signer: new Signer(data.privateKeyPem) };
}

function append(tables: JournalTables, number: number): void {
  if (number % 40 === 0) {
    const payload = `{"kind":"harvest","n":${number}}`;
    tables.commit({ ...request, records: [{ kind: 'harvest', payload, firstAtMs: 1, lastAtMs: 1 }] });
    return;
  }
  const payload = Array.from(
    { length: 3 },
    (_, n) => `raw,device=a value=${Math.sin(number + n)} ${number}`,
  ).join('\n');
  const keys = new Uint8Array(30);
  const times = { firstAtMs: number, lastAtMs: number, firstReading: number * 3 };
  tables.commit({
    ...request,
    readings: { payload: Buffer.from(payload), count: 3, ...times, keys },
    records: [],
  });
}

function all(tables: JournalTables): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (
    let part = tables.read(0, 500);
    part.length > 0;
    part = tables.read(entries.at(-1)?.number ?? 0, 500)
  ) {
    entries.push(...part);
  }
  return entries;
}

/** A journal of rows and packs, with everything in the database or still in the log. */
function filled(entries: number, inLog: boolean): { readonly folder: string; readonly said: JournalEntry[] } {
  const source = join(root, String(++folders));
  const { tables } = opened(source);
  for (let number = 1; number <= entries; number += 1) {
    append(tables, number);
    if (number % 100 === 0) while (tables.upkeep(request).more);
  }
  tables.cursors.move('uplink', entries, 1);
  tables.cursors.save();
  const said = all(tables);
  if (!inLog) tables.close();
  const folder = copyOf(source);
  if (tables.isOpen) tables.close();
  return { folder, said };
}

function copyOf(source: string): string {
  const folder = join(root, String(++folders));
  mkdirSync(folder);
  for (const name of ['journal.sqlite', 'journal.sqlite-wal', 'key.pem']) {
    if (existsSync(join(source, name))) copyFileSync(join(source, name), join(folder, name));
  }
  return folder;
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

/** Changes a payload wherever it stands. */
function spoil(path: string, payload: string): void {
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf(payload); at >= 0; at = bytes.indexOf(payload, at + 1)) {
    overwrite(path, at, Buffer.from('spoiled'));
  }
}

/** The chain holds, every entry that is still there says what it said, and the journal goes on. */
function expectWhole(folder: string, said: readonly JournalEntry[]) {
  const { tables, damage, signer } = opened(folder);
  const entries = all(tables);
  expect(checkChain(entries, 0, GENESIS_HASH)?.number).toBe(said.length);
  for (const { number, hash, signature, payload, thinned } of entries) {
    const before = said[number - 1];
    if (hash !== before?.hash) throw new Error(`entry ${number} is another one`);
    if (!signer.holds(Buffer.from(hash, 'hex'), Buffer.from(signature, 'hex'))) throw new Error(`${number}`);
    if (thinned === undefined && payload !== before.payload)
      throw new Error(`entry ${number} says otherwise`);
  }
  append(tables, said.length + 1);
  tables.close();
  const again = opened(folder);
  expect(again.damage).toBeUndefined();
  expect(again.tables.lastNumber).toBe(said.length + 1);
  again.tables.close();
  const kept = entries.filter(({ thinned }) => thinned === undefined).length;
  return { damage, kept };
}

describe('a damaged journal file', () => {
  it('loses at most what stood on the damaged page, whichever page it is, and goes on', () => {
    const { folder, said } = filled(400, false);
    const pages = statSync(pathIn(folder)).size / PAGE;
    expect(pages).toBeGreaterThan(15);
    for (let page = 0; page < pages; page += page < 4 ? 1 : 13) {
      const copy = copyOf(folder);
      overwrite(pathIn(copy), page * PAGE, Buffer.alloc(PAGE, 0x5a));
      const { damage, kept } = expectWhole(copy, said);
      // One page holds a dozen rows, or the heads of a few packs: here three of a hundred entries.
      expect(said.length - kept).toBeLessThanOrEqual(310);
      if (damage === undefined) expect(kept).toBe(said.length);
      else expect(readdirSync(copy)).toContain('journal.damaged-1.sqlite');
    }
  });

  it('notices a single changed bit of a payload, a hash, a number', () => {
    const { folder, said } = filled(300, false);
    const bytes = readFileSync(pathIn(folder));
    for (let offset = 3 * PAGE + 777; offset < bytes.length; offset += 5 * PAGE + 1_001) {
      const copy = copyOf(folder);
      overwrite(pathIn(copy), offset, Buffer.of((bytes[offset] ?? 0) ^ 0x10));
      const { kept } = expectWhole(copy, said);
      expect(said.length - kept).toBeLessThan(120);
    }
  });

  it('loses nothing but what the damaged frame alone held when its log is damaged', () => {
    const { folder, said } = filled(120, true);
    const log = `${pathIn(folder)}-wal`;
    const size = statSync(log).size;
    for (let offset = 40; offset < size - 8_000; offset += Math.ceil(size / 5)) {
      const copy = copyOf(folder);
      overwrite(`${pathIn(copy)}-wal`, offset, Buffer.alloc(64, 0xa5));
      const { kept } = expectWhole(copy, said);
      expect(said.length - kept).toBeLessThan(40);
    }
  });

  it('is salvaged while the journal is in use, up to the end that is known', () => {
    const folder = join(root, String(++folders));
    const { tables } = opened(folder);
    for (let number = 1; number <= 200; number += 1) append(tables, number);
    const said = all(tables);
    for (let turn = 0; turn < 9; turn += 1) tables.lookThrough();
    // Both where it stands in the log and where it may have been written back to.
    for (const name of ['journal.sqlite', 'journal.sqlite-wal'])
      spoil(join(folder, name), said[76]?.payload ?? '');
    const { tables: salvaged, damage } = salvageTables(tables, dataOf(folder));
    expect(damage).toMatchObject({ firstLost: 77, lostEntries: 0, lostPayloads: 1, lastNumber: 200 });
    salvaged.close();
    expect(expectWhole(folder, said).kept).toBe(199);
  });

  it('is looked through once to where it began, however much comes meanwhile', () => {
    const folder = join(root, String(++folders));
    const { tables } = opened(folder);
    for (let number = 1; number <= 200; number += 1) append(tables, number);
    tables.close();
    const { tables: again } = opened(folder);
    let turns = 0;
    for (let number = 201; !again.isLookedThrough && turns < 20; turns += 1) {
      for (const end = number + 100; number < end; number += 1) append(again, number);
      again.lookThrough();
    }
    expect(turns).toBe(4);
    again.close();
  });

  it('is begun anew, and kept, when nothing in it can be read', () => {
    const { folder } = filled(50, false);
    writeFileSync(pathIn(folder), Buffer.alloc(100_000, 'rubbish'));
    const { tables, damage } = opened(folder);
    expect(tables.lastNumber).toBe(0);
    expect(damage?.keptAs).toBe(join(folder, 'journal.damaged-1.sqlite'));
    append(tables, 1);
  });

  it('is not given up for a key that was mixed up', () => {
    const { folder } = filled(100, false);
    overwrite(pathIn(folder), 9 * PAGE, Buffer.alloc(PAGE, 0x5a));
    rmSync(join(folder, 'key.pem'));
    expect(() => opened(folder)).toThrow('wrong_key');
    expect(readdirSync(folder).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  it('ends a salvage that a power cut interrupted', () => {
    const { folder, said } = filled(60, false);
    copyFileSync(pathIn(folder), `${pathIn(folder)}.salvaged`);
    overwrite(pathIn(folder), 0, Buffer.alloc(3 * PAGE, 0x5a));
    const { kept } = expectWhole(folder, said);
    expect(kept).toBe(said.length);
  });
});
