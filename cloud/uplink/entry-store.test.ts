import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { entryHash } from '@nongtin/broker/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestGateway } from '../testing/gateway.ts';
import { EntryStore, type StoredEntry } from './entry-store.ts';

let folder: string;
let store: EntryStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-entries-'));
  store = new EntryStore(join(folder, 'entries.sqlite'));
  store.open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function entriesOf(gateway: TestGateway, count: number): StoredEntry[] {
  return Array.from({ length: count }, () => {
    const entry = gateway.append('');
    return { ...entry, hash: entryHash(entry, entry.payload) };
  });
}

/** What another program does to the file. */
function behindItsBack(sql: string): void {
  const file = new DatabaseSync(join(folder, 'entries.sqlite'));
  file.exec(sql);
  file.close();
}

/** Two gateways with three and two entries, and what their heads must be. */
function filled() {
  const [a, b] = [new TestGateway('gw-a'), new TestGateway('gw-b')];
  const [ofA, ofB] = [entriesOf(a, 3), entriesOf(b, 2)];
  store.append(a.id, ofA.slice(0, 1), 0);
  store.append(b.id, ofB, 0);
  store.append(a.id, ofA.slice(1), 0);
  return [
    { gateway: 'gw-a', number: 3, hash: ofA[2]?.hash },
    { gateway: 'gw-b', number: 2, hash: ofB[1]?.hash },
  ];
}

it('tells every gateway’s newest entry, also after it was closed', () => {
  const heads = filled();
  expect(store.heads()).toEqual(heads);
  store.close();
  store.open();
  expect(store.heads()).toEqual(heads);
});

it('tells the newest entries without going through all of them', () => {
  const heads = filled();
  behindItsBack('delete from entries');
  expect(store.heads()).toEqual(heads);
});

it('finds the newest entries of a file that does not name them', () => {
  const heads = filled();
  store.close();
  behindItsBack('drop table heads');
  store.open();
  expect(store.heads()).toEqual(heads);
});

it('keeps the newest entry it had when what follows cannot be kept', () => {
  const heads = filled();
  const [again, next] = entriesOf(new TestGateway('gw-a'), 4).slice(2);
  expect(() => store.append('gw-a', [next, again] as StoredEntry[], 0)).toThrow();
  expect(store.heads()).toEqual(heads);
});

it('is not ready while it is closed', () => {
  expect(() => store.check()).not.toThrow();
  store.close();
  expect(() => store.check()).toThrow();
});
