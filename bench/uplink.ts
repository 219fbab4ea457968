import type { JetStreamManager } from '@nats-io/jetstream';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { sql } from 'kysely';
import type { Sender } from '../cloud/testing/sender.ts';
import { readCredentials } from '../cloud/uplink/nats/keys.ts';
import { STREAM } from '../cloud/uplink/nats/stream.ts';
import type { Site } from '../cloud/uplink/nats/workers.suite.ts';
import { gatewaysWith, READINGS_PER_ENTRY } from './load/journals.ts';
import { type Benchmark, type Figure, figureOf } from './result.ts';
import { cpuSecondsOf } from './sides/processes.ts';
import { connectAll, projected, requireSite, startSiteFor } from './sides/site.ts';

/**
 * How much gateways bring into a cloud of several processes, and what becomes of it when one of the NATS servers is
 * killed: three servers, a PostgreSQL that syncs, an archive in a folder, one worker and then two.
 */
export const uplink: Benchmark = {
  name: 'uplink',
  async run({ quick, say }) {
    requireSite();
    const size = quick ? QUICK : FULL;
    say(`${size.gateways} gateways make their journals`);
    const gateways = gatewaysWith(size.gateways, size.entries * 4);
    const site = await startSiteFor(gateways);
    try {
      const worker = (await site.startWorker()).pid ?? 0;
      const senders = await connectAll(site, gateways, { entriesPerMessage: 1, patienceMs: PATIENCE_MS });
      say(`${senders.length} gateways are connected`);
      return measurementOf(await measure({ site, senders, size, say }, worker), size);
    } finally {
      await site.remove();
    }
  },
};

const FULL = { gateways: 2_000, entries: 4 };
const QUICK = { gateways: 100, entries: 20 };
type Size = typeof FULL;
type Say = (text: string) => void;

const PATIENCE_MS = 10_000;

interface Measured {
  /** Entries a second. */
  readonly oneWorker: number;
  readonly twoWorkers: number;
  /** Of a worker, its rows for people included. */
  readonly cpuSecondsPer10kReadings: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly pauseSeconds: number;
  readonly projectedSecondsAfter: number;
}

interface Running {
  readonly site: Site;
  readonly senders: readonly Sender[];
  readonly size: Size;
  readonly say: Say;
}

async function measure(running: Running, worker: number): Promise<Measured> {
  const { site, size, say } = running;
  const { entries, gateways } = size;
  const usedBefore = cpuSecondsOf(worker);
  const oneWorker = await rateUpTo(entries, running, 'one worker');
  const readings = entries * gateways * READINGS_PER_ENTRY;
  const cpuSecondsPer10kReadings = (cpuSecondsOf(worker) - usedBefore) / (readings / 10_000);
  await site.startWorker();
  const twoWorkers = await rateUpTo(2 * entries, running, 'two workers');
  const pauseSeconds = await failOver(running);
  const counted = await countStored(site, gateways * entries * 4);
  say(`lost ${counted.lost}, twice in the store ${counted.duplicated}`);
  const projectedSecondsAfter = await projected(site);
  return { oneWorker, twoWorkers, cpuSecondsPer10kReadings, ...counted, pauseSeconds, projectedSecondsAfter };
}

async function rateUpTo(upTo: number, { senders, size, say }: Running, what: string): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(senders.map((sender) => sender.run(upTo)));
  const entriesPerSecond = (size.gateways * size.entries) / ((performance.now() - startedAt) / 1_000);
  say(`${what}: ${entriesPerSecond.toFixed(0)} entries/s`);
  return entriesPerSecond;
}

/** The server that leads the stream is killed in mid-run; the longest time in which nobody was told of anything new. */
async function failOver({ site, senders, size, say }: Running): Promise<number> {
  const leader = await leaderOf(site);
  const told: number[] = [];
  for (const sender of senders) sender.onDurable = () => void told.push(performance.now());
  const sent = Promise.all(senders.map((sender) => sender.run(4 * size.entries)));
  const enough = (size.gateways * size.entries) / 2;
  while (told.length < enough) await new Promise((resolve) => setTimeout(resolve, 5));
  const killedAt = performance.now();
  await site.nats.kill(leader);
  say(`killed nats-${leader + 1}, which led the stream, after ${told.length} entries`);
  await sent;
  const after = told.filter((at) => at >= killedAt);
  const gaps = after.map((at, index) => at - (after[index - 1] ?? killedAt));
  const pauseSeconds = Math.max(...gaps) / 1_000;
  say(`nothing new for ${pauseSeconds.toFixed(1)} s`);
  return pauseSeconds;
}

async function leaderOf({ nats }: Site): Promise<number> {
  const authenticator = credsAuthenticator(readCredentials(nats.keysFolder, 'worker'));
  const connection = await connect({ servers: nats.url.split(','), authenticator });
  try {
    const manager: JetStreamManager = await jetstreamManager(connection);
    const { cluster } = await manager.streams.info(STREAM);
    return nats.nodes.findIndex(({ name }) => name === cluster?.leader);
  } finally {
    await connection.close();
  }
}

/** Every entry is looked for in the index; what it names more than once is doubled. */
async function countStored({ records }: Site, sent: number) {
  const { rows } = await sql<{ held: string; different: string }>`
    select coalesce(sum(octet_length(chain) / 40), 0)::text as held,
      (select count(*) from (
        select distinct gateway_id, substring(chain from at * 40 + 1 for 8)
        from entry_batches, generate_series(0, octet_length(chain) / 40 - 1) as at
      ) as entries)::text as different
    from entry_batches`.execute(records.db);
  const [held, different] = [Number(rows[0]?.held), Number(rows[0]?.different)];
  return { lost: sent - different, duplicated: held - different };
}

function measurementOf(measured: Measured, { gateways, entries }: Size) {
  const of = `of ${gateways * entries * 4}`;
  const figures: Record<string, Figure> = {
    entriesPerSecondOneWorker: figureOf([measured.oneWorker], '1/s'),
    entriesPerSecondTwoWorkers: figureOf([measured.twoWorkers], '1/s'),
    readingsPerSecondOneWorker: figureOf([measured.oneWorker * READINGS_PER_ENTRY], '1/s'),
    readingsPerSecondTwoWorkers: figureOf([measured.twoWorkers * READINGS_PER_ENTRY], '1/s'),
    workerCpuSecondsPer10kReadings: figureOf([measured.cpuSecondsPer10kReadings], 's'),
    lost: figureOf([measured.lost], `entries ${of}`),
    duplicated: figureOf([measured.duplicated], `entries ${of}`),
    failoverPauseSeconds: figureOf([measured.pauseSeconds], 's'),
    projectedSecondsAfter: figureOf([measured.projectedSecondsAfter], 's'),
  };
  return {
    runs: 1,
    figures,
    targets: [
      { figure: 'lost', comparator: '<=', target: 0 },
      { figure: 'duplicated', comparator: '<=', target: 0 },
    ] as const,
  };
}
