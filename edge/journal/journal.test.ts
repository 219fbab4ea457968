import { fork, spawn, spawnSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { entryHash, GENESIS_HASH, type QuarantineRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkChain } from './check.ts';
import { type JournalEntry, type JournalHealth, type OpenJournal, openJournal } from './index.ts';
import { loadOrCreateKey } from './key.ts';
import { JournalTables } from './tables.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-journal-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, String(++folders));
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const script = (name: string) => fileURLToPath(new URL(`./testing/${name}`, import.meta.url));
const logger = pino({ level: 'silent' });

function journalIn(folder: string): OpenJournal {
  return openJournal({
    path: join(folder, 'journal.sqlite'),
    keyPath: join(folder, 'key.pem'),
    clock,
    logger,
  });
}

/** In as many reads as it takes: each of them is bounded. */
async function readAll(journal: OpenJournal): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (let part = await journal.read(0, 100); part.length > 0; ) {
    entries.push(...part);
    part = await journal.read(entries.at(-1)?.number ?? 0, 100);
  }
  return entries;
}

async function started(folder: string): Promise<OpenJournal> {
  const journal = journalIn(folder);
  await journal.start();
  onTestFinished(() => journal.stop());
  return journal;
}

function batch(journal: OpenJournal, ...values: number[]) {
  const first = journal.nextRunningNumber(values.length);
  return {
    lines: values
      .map((value, index) => `soil_moisture,device=a value=${value},quality=0i,received=1i ${first + index}`)
      .join('\n'),
    count: values.length,
    firstAtMs: Math.min(...values),
    lastAtMs: Math.max(...values),
    keys: Uint8Array.of(...values),
  };
}

const quarantine = (detail: string): QuarantineRecord => ({
  kind: 'quarantine',
  atMs: 5,
  device: 'a',
  topic: 't',
  cause: 'invalid_json',
  detail,
  sizeBytes: 0,
  sha256: '',
  headBase64: '',
});

describe('journal', () => {
  it('numbers, chains and signs what the wire says an entry is', async () => {
    const folder = newFolder();
    const journal = await started(folder);
    await journal.appendReadings(batch(journal, 3, 1, 2));
    await journal.appendRecord(quarantine('not <JSON>, đúng không?'));
    await journal.appendReadings(batch(journal, 4));
    const entries = await journal.read(0, 10);
    expect(
      entries.map(({ number, kind, count, firstAtMs, lastAtMs }) => [
        number,
        kind,
        count,
        firstAtMs,
        lastAtMs,
      ]),
    ).toEqual([
      [1, 'readings', 3, 1, 3],
      [2, 'quarantine', 0, 5, 5],
      [3, 'readings', 1, 4, 4],
    ]);
    const publicKey = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(journal.publicKeyHex, 'hex').toString('base64url') },
      format: 'jwk',
    });
    let previousHash = GENESIS_HASH;
    for (const entry of entries) {
      expect(entry).toMatchObject({ previousHash, bootId: journal.bootId });
      expect(entryHash(entry, entry.payload)).toBe(entry.hash);
      expect(
        verify(null, Buffer.from(entry.hash, 'hex'), publicKey, Buffer.from(entry.signature, 'hex')),
      ).toBe(true);
      previousHash = entry.hash;
    }
  });

  it('joins what arrives while a commit is under way, and gives everyone the right number', async () => {
    const journal = await started(newFolder());
    const commits: number[] = [];
    journal.onCommit((last) => commits.push(last));
    const readings = Array.from({ length: 12_000 }, (_, index) =>
      journal.appendReadings(batch(journal, index)),
    );
    const records = ['a', 'b', 'c'].map((detail) => journal.appendRecord(quarantine(detail)));
    expect(journal.waiting()).toBe(12_003);
    const numbers = await Promise.all(readings);
    const recordNumbers = await Promise.all(records);
    expect(journal.waiting()).toBe(0);
    expect(commits.length).toBeLessThan(6);
    const entries = await readAll(journal);
    for (const [index, number] of numbers.entries()) {
      expect(entries[number - 1]?.payload).toContain(`value=${index},`);
    }
    expect(entries.reduce((sum, entry) => sum + entry.count, 0)).toBe(12_000);
    expect(
      recordNumbers.map((number) => entries[number - 1]?.payload.includes('"kind":"quarantine"')),
    ).toEqual([true, true, true]);
    expect((await journal.records('quarantine', 2)).map((record) => record.detail)).toEqual(['c', 'b']);
  });

  it('knows the newest record of each value of a field, whatever was said since of others', async () => {
    const journal = await started(newFolder());
    const hold = (zone: string | null, by: string) =>
      journal.appendRecord({ kind: 'program_hold', atMs: 1, zone, holds: true, untilMs: null, by });
    await Promise.all([hold(null, 'sau'), hold('a1', 'ba'), hold('a1', 'sau'), hold('a2', 'ba')]);
    await journal.appendReadings(batch(journal, 1));
    const newest = await journal.newest('program_hold', 'zone');
    expect(newest.map(({ zone, by }) => [zone, by])).toEqual([
      ['a2', 'ba'],
      ['a1', 'sau'],
      [null, 'sau'],
    ]);
  });

  it('gives the records of one kind page by page, all of them or those of a span of time', async () => {
    const journal = await started(newFolder());
    const hold = (atMs: number, by: string) =>
      journal.appendRecord({ kind: 'program_hold', atMs, zone: null, holds: true, untilMs: null, by });
    await hold(10, 'an');
    await journal.appendReadings(batch(journal, 1));
    const second = await hold(20, 'ba');
    await hold(30, 'sau');
    const page = await journal.recordsAfter('program_hold', 0, 2);
    expect(page.map(({ record }) => record.by)).toEqual(['an', 'ba']);
    expect(page.at(-1)?.number).toBe(second);
    const rest = await journal.recordsAfter('program_hold', second, 2);
    expect(rest.map(({ record }) => record.by)).toEqual(['sau']);
    const span = await journal.recordsAfter('program_hold', 0, 9, { fromMs: 10, toMs: 30 });
    expect(span.map(({ record }) => record.by)).toEqual(['an', 'ba']);
  });

  it('goes on where it stopped: numbers, running numbers, keys, cursors, chain', async () => {
    const folder = newFolder();
    const before = await started(folder);
    await before.appendReadings(batch(before, 1, 2));
    await before.appendReadings(batch(before, 3));
    await before.moveCursor('series', 1);
    await before.stop();
    const after = await started(folder);
    expect(after.lastNumber()).toBe(2);
    expect(after.nextRunningNumber(1)).toBe(3);
    expect([...after.recentKeys()]).toEqual([1, 2, 3]);
    expect(await after.cursor('series')).toBe(1);
    expect(await after.cursor('uplink')).toBe(0);
    expect(after.bootId).not.toBe(before.bootId);
    expect(after.publicKeyHex).toBe(before.publicKeyHex);
    expect(await after.appendRecord(quarantine('x'))).toBe(3);
    const [second, third] = await after.read(1, 10);
    expect(third?.previousHash).toBe(second?.hash);
  });

  it('keeps the private key for its owner', async () => {
    const folder = newFolder();
    await started(folder);
    expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600);
  });

  it('refuses appends after it was stopped', async () => {
    const journal = await started(newFolder());
    await journal.stop();
    await expect(journal.appendRecord(quarantine('late'))).rejects.toThrow('closed');
  });
});

describe('a damaged journal', () => {
  async function filled(entries: number): Promise<string> {
    const folder = newFolder();
    const journal = await started(folder);
    for (let index = 0; index < entries; index += 1) {
      const wide = batch(journal, index);
      await journal.appendReadings({ ...wide, lines: `${wide.lines}\n`.repeat(40).trimEnd() });
    }
    await journal.stop();
    return folder;
  }

  it('is not opened by a second gateway at the same time', async () => {
    const folder = newFolder();
    await started(folder);
    await expect(journalIn(folder).start()).rejects.toMatchObject({
      name: 'StartProblem',
      message: expect.stringContaining('another gateway'),
    });
  });

  it('names a key that is not its own, and a lost one', async () => {
    const folder = await filled(2);
    rmSync(join(folder, 'key.pem'));
    await expect(journalIn(folder).start()).rejects.toMatchObject({
      name: 'StartProblem',
      message: expect.stringContaining('key.pem'),
    });
    writeFileSync(join(folder, 'key.pem'), 'rubbish');
    await expect(journalIn(folder).start()).rejects.toMatchObject({ name: 'StartProblem' });
  });

  it('heals a torn end, wherever the power cut tore it', async () => {
    const folder = newFolder();
    const journal = await started(folder);
    for (let index = 0; index < 40; index += 1) await journal.appendReadings(batch(journal, index));
    const [database, log] = [join(folder, 'journal.sqlite'), join(folder, 'journal.sqlite-wal')];
    const size = statSync(log).size;
    let seen = 41;
    for (const torn of [0, 1, 33, 4_000, 9_999, 50_000, size - 32]) {
      const copy = newFolder();
      rmSync(copy, { recursive: true, force: true });
      const key = loadOrCreateKey(join(copy, 'key.pem'));
      expect(key.publicKeyHex).toHaveLength(64);
      for (const [from, to] of [
        [database, 'journal.sqlite'],
        [log, 'journal.sqlite-wal'],
        [join(folder, 'key.pem'), 'key.pem'],
      ] as const) {
        copyFileSync(from, join(copy, to));
      }
      truncateSync(join(copy, 'journal.sqlite-wal'), Math.max(0, size - torn));
      const healed = await started(copy);
      expect(healed.lastNumber()).toBeLessThanOrEqual(seen);
      seen = healed.lastNumber();
      expect(await healed.appendReadings(batch(healed, 1))).toBe(seen + 1);
      await healed.stop();
      await (await started(copy)).stop();
    }
    expect(seen).toBe(0);
  });
});

describe('a disk that refuses', () => {
  it('keeps the whole commit back, says why, and goes on when there is space again', () => {
    const folder = newFolder();
    const keyPath = join(folder, 'key.pem');
    const path = join(folder, 'journal.sqlite');
    const tables = new JournalTables({
      path,
      privateKeyPem: loadOrCreateKey(keyPath).pem,
      genesisHash: GENESIS_HASH,
      limits: { maxBytes: 1e9 },
      cursorsSavedMs: 1_000,
    });
    onTestFinished(() => tables.close());
    const commit = {
      bootId: '00'.repeat(16),
      monotonicMs: 1,
      nowMs: 1,
      records: Array.from({ length: 50 }, () => ({
        kind: 'x',
        payload: `{"x":"${'y'.repeat(3_000)}"}`,
        firstAtMs: 1,
        lastAtMs: 1,
      })),
    };
    tables.limitPages(20);
    expect(() => tables.commit(commit)).toThrow('full');
    expect(tables.read(0, 10)).toEqual([]);
    tables.limitPages(100_000);
    expect(tables.commit(commit)).toEqual({ lastNumber: 50 });
  });
});

const prlimitHere = process.env.CI !== undefined || spawnSync('prlimit', ['--version']).status === 0;

describe.skipIf(!prlimitHere)('a full disk', () => {
  it('is told, holds acknowledgements back, and when there is space again nothing is missing', async () => {
    const folder = newFolder();
    // The kernel refuses to let the file grow, as a full disk would.
    const child = spawn(
      'bash',
      ['-c', 'ulimit -S -f 300 && exec node "$@"', 'bash', script('append-for-ever.ts'), folder],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    );
    let acknowledged = 0;
    const told: JournalHealth[] = [];
    child.on('message', (message: number | JournalHealth) => {
      if (typeof message === 'number') acknowledged = message;
      else told.push(message);
    });
    const until = async (reached: () => boolean) => {
      while (!reached() && child.exitCode === null) await once(child, 'message');
    };
    try {
      await until(() => told.length > 0);
      expect(told[0]).toMatchObject({ healthy: false, reason: expect.stringContaining('journal.sqlite') });
      const held = acknowledged;
      spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
      await until(() => told.length > 1 && acknowledged > held + 3);
      expect(told[1]).toEqual({ healthy: true });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const journal = await started(folder);
    expect(journal.lastNumber()).toBeGreaterThanOrEqual(acknowledged);
  });
});

describe('kill -9', () => {
  it('loses nothing that was acknowledged, and leaves a whole chain', async () => {
    const folder = newFolder();
    let acknowledged = 0;
    for (let round = 0; round < 4; round += 1) {
      const child = fork(new URL('./testing/append-for-ever.ts', import.meta.url), [folder], {
        stdio: 'pipe',
        execArgv: [],
      });
      child.on('message', (told: unknown) => {
        if (typeof told === 'number') acknowledged = Math.max(acknowledged, told);
      });
      await once(child, 'message');
      await delay(5 + round * 17);
      child.kill('SIGKILL');
      await once(child, 'close');
      const journal = await started(folder);
      expect(journal.lastNumber()).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = journal.lastNumber();
      let previousHash = GENESIS_HASH;
      for (let after = 0; after < acknowledged; ) {
        const entries = await journal.read(after, 500);
        for (const entry of entries) {
          const whole =
            entry.number === after + 1 &&
            entry.previousHash === previousHash &&
            entry.payload.split('\n').length === entry.count;
          if (!whole) expect(entry).toBe(`the entry after ${after}`);
          previousHash = entryHash(entry, entry.payload);
          after = entry.number;
        }
      }
      await journal.stop();
    }
    expect(acknowledged).toBeGreaterThan(4);
  });

  it('nor while it packs, thins and joins', async () => {
    const folder = newFolder();
    let acknowledged = 0;
    for (let round = 0; round < 4; round += 1) {
      const child = fork(new URL('./testing/append-for-ever.ts', import.meta.url), [folder, 'small'], {
        stdio: 'pipe',
        execArgv: [],
      });
      const enough = Promise.withResolvers<void>();
      const before = acknowledged;
      child.on('message', (told: unknown) => {
        if (typeof told === 'number') acknowledged = Math.max(acknowledged, told);
        if (acknowledged > before + 80 + round * 23) enough.resolve();
      });
      await enough.promise;
      child.kill('SIGKILL');
      await once(child, 'close');
      const journal = await started(folder);
      expect(journal.lastNumber()).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = journal.lastNumber();
      const entries: JournalEntry[] = [];
      while ((entries.at(-1)?.number ?? 0) < acknowledged) {
        entries.push(...(await journal.read(entries.at(-1)?.number ?? 0, 500)));
      }
      expect(checkChain(entries, 0, GENESIS_HASH)?.number).toBe(acknowledged);
      await journal.stop();
    }
  });
});
