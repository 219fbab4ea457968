import { existsSync } from 'node:fs';
import { sql } from 'kysely';
import type { Site } from '../../cloud/uplink/nats/workers.suite.ts';
import { trickling } from '../load/journals.ts';
import { cpuSecondsOf, descendantsWith, residentMiBOf, writtenBytesOf } from '../sides/processes.ts';
import { connectAll, projected, startSiteFor } from '../sides/site.ts';
import { SENSORS } from './farm.ts';

export interface CloudSize {
  readonly gateways: number;
  readonly readingsPerGateway: number;
  /** One reading an entry; as many as gather in a gateway (measured by `farm`). */
  readonly entriesPerMessage: number;
}

/** What one reading costs a cloud of three NATS servers, a PostgreSQL and one worker. */
export interface CloudCost {
  readonly readings: number;
  readonly readingsPerSecond: number;
  readonly workerCpuSeconds: number;
  /** Of the three together. */
  readonly natsCpuSeconds: number;
  readonly natsWrittenBytes: number;
  readonly postgresCpuSeconds: number;
  readonly postgresWalBytes: number;
  /** Rows of a series and day, with their keys. */
  readonly dayRows: number;
  readonly bytesPerDayRow: number;
  readonly latestRows: number;
  readonly bytesPerLatestRow: number;
  /** By how much the three servers grow with each connection. */
  readonly natsBytesPerConnection: number;
}

const PATIENCE_MS = 20_000;

export async function cloudCost(size: CloudSize, say: (text: string) => void): Promise<CloudCost> {
  say(`${size.gateways} gateways make their journals`);
  const gateways = trickling(size.gateways, size.readingsPerGateway, SENSORS);
  const site = await startSiteFor(gateways);
  try {
    const worker = (await site.startWorker()).pid ?? 0;
    const servers = descendantsWith('nats-server');
    const idle = sum(servers, residentMiBOf);
    const senders = await connectAll(site, gateways, {
      ...{ entriesPerMessage: size.entriesPerMessage, patienceMs: PATIENCE_MS },
    });
    const grown = sum(servers, residentMiBOf) - idle;
    say(`${senders.length} gateways are connected and send ${size.readingsPerGateway} readings each`);
    const before = await stateOf(site, worker, servers);
    const startedAt = performance.now();
    await Promise.all(senders.map((sender) => sender.run()));
    const seconds = (performance.now() - startedAt) / 1_000;
    await projected(site);
    const after = await stateOf(site, worker, servers);
    const readings = size.gateways * size.readingsPerGateway;
    return {
      ...{ readings, readingsPerSecond: readings / seconds },
      workerCpuSeconds: after.worker - before.worker,
      natsCpuSeconds: after.nats - before.nats,
      natsWrittenBytes: after.natsWritten - before.natsWritten,
      postgresCpuSeconds: after.postgres - before.postgres,
      postgresWalBytes: after.wal - before.wal,
      ...(await rowsOf(site)),
      natsBytesPerConnection: (grown * 2 ** 20) / senders.length,
    };
  } finally {
    await site.remove();
  }
}

async function stateOf(site: Site, worker: number, servers: readonly number[]) {
  const { rows } = await sql<{ bytes: string }>`
    select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text as bytes`.execute(site.records.db);
  return {
    worker: cpuSecondsOf(worker),
    nats: sum(servers, cpuSecondsOf),
    natsWritten: sum(servers, writtenBytesOf),
    // Connections are kept open by their pools, so that none of them ends in between.
    postgres: sum(descendantsWith('postgres'), cpuSecondsOf),
    wal: Number(rows[0]?.bytes),
  };
}

/** Sizes as they are without the room that updates leave behind and vacuum gives back. */
async function rowsOf({ records: { db } }: Site) {
  const sizeOf = async (table: string) => {
    await sql`vacuum full ${sql.table(table)}`.execute(db);
    const { rows } = await sql<{ rows: number; bytes: number }>`
      select count(*)::int as rows, pg_total_relation_size(${table})::int as bytes from ${sql.table(table)}`.execute(
      db,
    );
    return rows[0] ?? { rows: 0, bytes: 0 };
  };
  const [days, latest] = [await sizeOf('reading_days'), await sizeOf('latest_readings')];
  return {
    ...{ dayRows: days.rows, bytesPerDayRow: days.bytes / days.rows },
    ...{ latestRows: latest.rows, bytesPerLatestRow: latest.bytes / latest.rows },
  };
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.filter((pid) => existsSync(`/proc/${pid}`)).reduce((total, pid) => total + of(pid), 0);
}
