import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { openRecords, type Records } from '../../records/index.ts';
import { postgresPrograms, startCluster } from '../../records/postgres.suite.ts';
import type { TestGateway } from '../../testing/gateway.ts';
import { Sender } from '../../testing/sender.ts';
import { ArchiveStore } from '../archive/archive-store.ts';
import { FolderObjects } from '../archive/folder-objects.ts';
import { NatsDoor } from './nats-door.ts';
import { natsProgram, startNats, type TestCluster } from './server.suite.ts';

/** What is missing on this machine for it, or undefined. */
export function missingForSite(): string | undefined {
  if (natsProgram === undefined) return 'nats-server';
  return postgresPrograms() === undefined ? 'postgresql' : undefined;
}

/** A cloud of several processes: NATS servers, a PostgreSQL, an archive, and workers that can be killed. */
export interface Site {
  readonly nats: TestCluster;
  readonly databaseUrl: string;
  readonly archive: string;
  readonly records: Records;
  /** Reads what the workers have stored. */
  readonly entries: ArchiveStore;
  readonly door: NatsDoor;
  /** Ready when it resolves. */
  startWorker(): Promise<ChildProcess>;
  register(gateways: readonly Pick<TestGateway, 'id' | 'publicKey'>[]): Promise<void>;
  senderOf(gateway: TestGateway, options: { entriesPerMessage: number; patienceMs: number }): Promise<Sender>;
  remove(): Promise<void>;
}

const main = fileURLToPath(new URL('../../ingest-main.ts', import.meta.url));

export async function startSite(servers: 1 | 3, { fsync = false } = {}): Promise<Site> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error('install the package postgresql to run this suite');
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-site-'));
  const nats = await startNats(servers);
  const cluster = await startCluster(programs, { fsync }).catch(async (error: unknown) => {
    await nats.remove();
    throw error;
  });
  const databaseUrl = await cluster.createDatabase();
  const logger = pino({ level: 'silent' });
  const records = openRecords({ dataDir: folder, databaseUrl, logger });
  await records.start();
  const archive = join(folder, 'archive');
  const entries = new ArchiveStore(records.db, new FolderObjects(archive));
  await entries.open();
  const door = new NatsDoor({
    ...{ servers: nats.url.split(','), keys: nats.keysFolder, db: records.db },
    ...{ clock: { nowMs: Date.now }, takers: undefined, logger },
  });
  await door.start();
  const cooperative = { id: 'coop', chain_id: '0x00', name: 'Coop', created_at_ms: 1 };
  await records.db.insertInto('cooperatives').values(cooperative).execute();
  const workers: ChildProcess[] = [];
  const senders: Sender[] = [];
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = {
    ...{
      PATH,
      NODE_COMPILE_CACHE,
      NONGTIN_LOG: 'json',
      NONGTIN_DATA_DIR: folder,
      NONGTIN_INGEST_PORT: 'off',
    },
    ...{ NONGTIN_NATS_URL: nats.url, NONGTIN_NATS_KEYS: nats.keysFolder },
    ...{ NONGTIN_DATABASE_URL: databaseUrl, NONGTIN_ARCHIVE: archive },
  };
  return {
    ...{ nats, databaseUrl, archive, records, entries, door },
    startWorker: async () => {
      const worker = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      workers.push(worker);
      await saysReady(worker);
      return worker;
    },
    register: async (gateways) => {
      const rows = gateways.map(({ id, publicKey }) => ({
        ...{ gateway_id: id, public_key: publicKey, cooperative_id: 'coop', registered_by: 'test' },
        ...{ registered_at_ms: 1, revoked: false },
      }));
      for (let at = 0; at < rows.length; at += 500)
        await records.db
          .insertInto('gateways')
          .values(rows.slice(at, at + 500))
          .execute();
    },
    senderOf: async ({ id, journal }, options) => {
      const urls = nats.nodes.map((_, node) => nats.mqttUrl(node));
      const password = await door.logins.allow(id);
      // Spread over the doors.
      const firstDoor = Number(/\d+$/.exec(id)?.[0] ?? 0);
      const sender = new Sender({ ...{ urls, firstDoor, gateway: id, password, journal }, ...options });
      senders.push(sender);
      return sender;
    },
    remove: async () => {
      for (const sender of senders) await sender.stop();
      for (const worker of workers) await end(worker);
      await door.stop();
      await entries.close();
      await records.stop();
      await Promise.all([cluster.stop(), nats.remove()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function saysReady(worker: ChildProcess): Promise<void> {
  const ready = Promise.withResolvers<void>();
  let text = '';
  worker.stdout?.on('data', (data: Buffer) => {
    text += data;
    if (text.includes('"msg":"ready"')) ready.resolve();
  });
  worker.once('exit', () => ready.reject(new Error(`the worker ended: ${text}`)));
  await ready.promise;
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill('SIGTERM');
  await once(worker, 'exit');
}
