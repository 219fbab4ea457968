import type { Kysely } from 'kysely';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';

/** What traps caught, by farm, pest and week. */
interface PestWeeks {
  /** Mondays, YYYY-MM-DD, oldest first. */
  readonly weeks: string[];
  readonly farms: FarmWeeks[];
}

interface FarmWeeks {
  readonly gatewayId: string;
  readonly label: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly pests: {
    readonly pest: string;
    /** The highest mean told in each week, insects a trap and day; null: none was told. */
    readonly perTrapPerDay: (number | null)[];
  }[];
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const A_MONDAY_MS = 4 * DAY_MS;

/** The cooperative's farms that have told of pests in the last weeks, this one among them, by name; none of a revoked gateway. */
export async function pestWeeks(db: Kysely<Schema>, count: number, nowMs: number): Promise<PestWeeks> {
  // A farm's own date may be a day ahead of ours.
  const thisMonday = mondayOf(nowMs + DAY_MS);
  const weeks = Array.from({ length: count }, (_, n) => dateOf(thisMonday - (count - 1 - n) * WEEK_MS));
  const own = await cooperativesIn(db).own();
  if (own === undefined) return { weeks, farms: [] };
  const rows = await db
    .selectFrom('pest_pressures')
    .innerJoin('gateways', 'gateways.gateway_id', 'pest_pressures.gateway_id')
    .select(['pest_pressures.gateway_id', 'label', 'pest', 'date', 'per_trap_per_day'])
    .select(['latitude', 'longitude'])
    .where('cooperative_id', '=', own.id)
    .where('revoked', '=', false)
    .where('date', '>=', weeks[0] ?? '')
    .where('date', '<=', dateOf(nowMs + DAY_MS))
    .orderBy('pest_pressures.gateway_id')
    .orderBy('pest')
    .orderBy('date')
    .execute();
  const farms = new Map<string, FarmWeeks>();
  for (const { gateway_id: gatewayId, label, pest, date, per_trap_per_day: caught, ...place } of rows) {
    const pests = farms.get(gatewayId)?.pests ?? [];
    farms.set(gatewayId, { gatewayId, label, ...place, pests });
    let row = pests.find((one) => one.pest === pest);
    if (row === undefined) {
      row = { pest, perTrapPerDay: weeks.map(() => null) };
      pests.push(row);
    }
    const week = weeks.indexOf(dateOf(mondayOf(Date.parse(date))));
    row.perTrapPerDay[week] = Math.max(row.perTrapPerDay[week] ?? 0, caught);
  }
  return { weeks, farms: [...farms.values()] };
}

function mondayOf(atMs: number): number {
  return atMs - ((((atMs - A_MONDAY_MS) % WEEK_MS) + WEEK_MS) % WEEK_MS);
}

function dateOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
