import { UplinkLive, type UplinkSummary } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { type Kysely, sql } from 'kysely';
import { Compile } from 'typebox/compile';
import type { Schema } from '../records/index.ts';
import type { GatewayKey } from './receiver.ts';
import { unpack } from './unpack.ts';

export interface LiveOptions {
  readonly db: Kysely<Schema>;
  readonly keyOf: (gateway: string) => Promise<GatewayKey | undefined>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** What became of a live message. `late`: a newer one was here before it. */
export type LiveOutcome = 'taken' | 'late' | 'not_live' | 'not_registered' | 'revoked' | 'our_fault';

/** The newest values that a gateway has said, and what its proven entries say of the same series. */
export interface LiveView {
  readonly readings: LiveReading[];
  /** As the gateway said it, without any proof; null: it has said nothing yet. */
  readonly said: Said | null;
}

interface Said extends Pick<UplinkLive, 'number' | 'atMs' | 'zones' | 'alarms' | 'behind'> {
  readonly receivedAtMs: number;
  /** Null also when the entries that it was made of are here. */
  readonly summary: UplinkSummary | null;
}

interface LiveReading {
  readonly device: string;
  readonly metric: string;
  readonly channel: string;
  readonly value: number;
  readonly quality: number;
  readonly observedAtMs: number;
  /** The signed entry it stands in; null: it is only said, and not proven yet. */
  readonly entry: number | null;
}

type View = Pick<UplinkLive, 'readings' | 'zones' | 'alarms'>;

const validator = Compile(UplinkLive);
const MOST_PROVEN = 5_000;

/**
 * How farms are now, ahead of their entries. Kept per gateway, the newest only; nothing here counts as evidence, and
 * a series is shown from the entries as soon as they have come as far.
 */
export class LiveValues {
  readonly #options: LiveOptions;
  readonly #outcomes = new Map<string, Partial<Record<LiveOutcome, number>>>();

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Never rejects: what cannot be taken is counted. */
  async take(gateway: string, message: Uint8Array): Promise<void> {
    const { logger } = this.#options;
    let outcome: LiveOutcome = 'our_fault';
    try {
      outcome = await this.#take(gateway, message);
    } catch (error) {
      logger.error({ err: error, gateway }, 'live values could not be kept');
    }
    const counts = this.#outcomes.get(gateway) ?? {};
    this.#outcomes.set(gateway, { ...counts, [outcome]: (counts[outcome] ?? 0) + 1 });
    if (outcome !== 'taken' && outcome !== 'late') logger.warn({ gateway, outcome }, 'live values refused');
  }

  /** How many messages came to what, since the process started. */
  outcomes(): { readonly gateway: string; readonly outcome: string; readonly count: number }[] {
    return [...this.#outcomes].flatMap(([gateway, counts]) =>
      Object.entries(counts).map(([outcome, count]) => ({ gateway, outcome, count })),
    );
  }

  async view(gateway: string): Promise<LiveView> {
    const { db } = this.#options;
    const row = await db
      .selectFrom('gateway_live')
      .selectAll()
      .where('gateway_id', '=', gateway)
      .executeTakeFirst();
    const view = row && (JSON.parse(row.view) as View);
    const cursor = await db
      .selectFrom('projection_cursors')
      .select('projected_up_to')
      .where('gateway_id', '=', gateway)
      .executeTakeFirst();
    const readings = newerOf(view?.readings ?? [], await this.#proven(gateway));
    if (row === undefined || view === undefined) return { readings, said: null };
    const summary = row.summary === null ? null : (JSON.parse(row.summary) as UplinkSummary);
    const isOver = summary !== null && summary.lastNumber <= (cursor?.projected_up_to ?? 0);
    return { readings, said: { ...saidOf(row, view), summary: isOver ? null : summary } };
  }

  async #take(gateway: string, message: Uint8Array): Promise<LiveOutcome> {
    const known = await this.#options.keyOf(gateway);
    if (known === undefined) return 'not_registered';
    if (known.revoked) return 'revoked';
    const live = await unpack(message).catch(() => undefined);
    if (!validator.Check(live)) return 'not_live';
    return (await this.#keep(gateway, live)) ? 'taken' : 'late';
  }

  /** One statement, so that of two that come at once the newer stays. False: a newer one is here. */
  async #keep(gateway: string, live: UplinkLive): Promise<boolean> {
    const { readings, zones, alarms, behind, summary } = live;
    const view: View = { readings, zones, alarms };
    const kept = await this.#options.db
      .insertInto('gateway_live')
      .values({
        ...{ gateway_id: gateway, number: live.number, sequence: live.sequence, sent_at_ms: live.atMs },
        received_at_ms: Math.trunc(this.#options.clock.nowMs()),
        ...{ behind_entries: behind.entries, oldest_waiting_at_ms: behind.oldestAtMs },
        ...{ view: JSON.stringify(view), summary: summary === undefined ? null : JSON.stringify(summary) },
      })
      .onConflict((conflict) =>
        conflict
          .column('gateway_id')
          .doUpdateSet(({ ref }) => ({
            number: ref('excluded.number'),
            sequence: ref('excluded.sequence'),
            sent_at_ms: ref('excluded.sent_at_ms'),
            received_at_ms: ref('excluded.received_at_ms'),
            behind_entries: ref('excluded.behind_entries'),
            oldest_waiting_at_ms: ref('excluded.oldest_waiting_at_ms'),
            view: ref('excluded.view'),
            // The next message, which has none, does not take it away.
            summary: sql`coalesce(excluded.summary, gateway_live.summary)`,
          }))
          .where(IS_NEWER),
      )
      .returning('gateway_id')
      .executeTakeFirst();
    return kept !== undefined;
  }

  async #proven(gateway: string): Promise<LiveReading[]> {
    const rows = await this.#options.db
      .selectFrom('latest_readings')
      .selectAll()
      .where('gateway_id', '=', gateway)
      .orderBy('observed_at_ms', 'desc')
      .limit(MOST_PROVEN)
      .execute();
    return rows.map(({ device_id, metric, channel, value, quality, observed_at_ms, entry_number }) => ({
      ...{ device: device_id, metric, channel, value, quality },
      ...{ observedAtMs: observed_at_ms, entry: entry_number },
    }));
  }
}

const IS_NEWER = sql<boolean>`
  (excluded.number, excluded.sequence) > (gateway_live.number, gateway_live.sequence)`;

function saidOf(row: Schema['gateway_live'], { zones, alarms }: View): Omit<Said, 'summary'> {
  return {
    ...{ number: row.number, atMs: row.sent_at_ms, receivedAtMs: row.received_at_ms, zones, alarms },
    behind: { entries: row.behind_entries, oldestAtMs: row.oldest_waiting_at_ms },
  };
}

/** Of each series the newer; of two as new, the proven one. The newest first. */
function newerOf(said: UplinkLive['readings'], proven: readonly LiveReading[]): LiveReading[] {
  const keyOf = (one: { device: string; metric: string; channel: string }) =>
    JSON.stringify([one.device, one.metric, one.channel]);
  const series = new Map(said.map((one) => [keyOf(one), { ...one, entry: null } as LiveReading]));
  for (const one of proven) {
    const other = series.get(keyOf(one));
    if (other === undefined || other.observedAtMs <= one.observedAtMs) series.set(keyOf(one), one);
  }
  return [...series.values()].sort((a, b) => b.observedAtMs - a.observedAtMs);
}
