import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestGateway } from '../testing/gateway.ts';
import { entriesOf, entryStoreSuite } from './entry-store.suite.ts';
import { StoreFailure } from './entry-store.ts';
import { SqliteEntryStore } from './sqlite-entry-store.ts';

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'nongtin-entries-'));
}

entryStoreSuite('a SQLite file', {
  make: async () => {
    const folder = newFolder();
    const again = () => new SqliteEntryStore(join(folder, 'entries.sqlite'));
    return { store: again(), again, remove: async () => rmSync(folder, { recursive: true, force: true }) };
  },
});

describe('the entry file', () => {
  let folder: string;
  let store: SqliteEntryStore;

  beforeEach(async () => {
    folder = newFolder();
    store = new SqliteEntryStore(join(folder, 'entries.sqlite'));
    await store.open();
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What another program does to the file. */
  function behindItsBack(sql: string): void {
    const file = new DatabaseSync(join(folder, 'entries.sqlite'));
    file.exec(sql);
    file.close();
  }

  /** A gateway with three entries, and what its head must be. */
  async function filled() {
    const entries = entriesOf(new TestGateway('gw-a'), ['', '', '']);
    await store.append('gw-a', entries, { after: undefined, receivedAtMs: 0 });
    return [{ gateway: 'gw-a', number: 3, hash: entries[2]?.hash }];
  }

  it('tells the newest entries without going through all of them', async () => {
    const heads = await filled();
    behindItsBack('delete from entries');
    expect(await store.heads()).toEqual(heads);
  });

  it('finds the newest entries when it does not name them', async () => {
    const heads = await filled();
    await store.close();
    behindItsBack('drop table heads');
    await store.open();
    expect(await store.heads()).toEqual(heads);
  });

  it('keeps the newest entry it had when what follows cannot be kept', async () => {
    const [head] = await filled();
    const [again, next] = entriesOf(new TestGateway('gw-a'), ['', '', '', '']).slice(2);
    const at = { after: { number: 3, hash: head?.hash ?? '' }, receivedAtMs: 0 };
    await expect(store.append('gw-a', [next, again] as never, at)).rejects.toThrow(StoreFailure);
    expect(await store.heads()).toEqual([head]);
  });
});
