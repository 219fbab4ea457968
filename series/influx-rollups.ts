import type { InfluxDoor } from './influx-door.ts';
import { countQl, everythingQl } from './influxql.ts';
import { floorTo } from './plan.ts';
import { type RollupKey, rollupLine, summaryOf } from './rollup-line.ts';
import type { RollupSpan, Tier, WriteOutcome } from './store.ts';
import { merge, type Summary, withReading } from './summary.ts';

const ROWS_A_REQUEST = 50_000;
const LINES_A_WRITE = 5_000;
const FINER: Record<RollupSpan['tier'], Tier> = { '5m': 'raw', '1d': '5m' };

interface Row {
  readonly key: RollupKey;
  readonly startMs: number;
  readonly summary: Summary;
}

/**
 * Computes rows of a rollup from the finer tier. InfluxQL can neither leave out what cannot be believed (the field is
 * missing where all is well) nor add up a counter across its resets, so the rows are read, in slices of time that fit
 * in memory, and joined here.
 */
export async function recomputeInflux(door: InfluxDoor, span: RollupSpan): Promise<WriteOutcome> {
  let rows: Row[];
  try {
    rows = await read(door, span);
  } catch (error) {
    return { outcome: 'wait', reason: (error as Error).message };
  }
  for (let at = 0; at < rows.length; at += LINES_A_WRITE) {
    const lines = rows
      .slice(at, at + LINES_A_WRITE)
      .map(({ key, startMs, summary }) => rollupLine(key, startMs, summary));
    const outcome = await door.write(span.tier, lines.join('\n'));
    if (outcome.outcome !== 'accepted') return outcome;
  }
  return { outcome: 'accepted' };
}

async function read(
  door: InfluxDoor,
  { tier, fromMs, toMs, device, zoneOffsetMs }: RollupSpan,
): Promise<Row[]> {
  const finer = FINER[tier];
  const rows = new Map<string, Row>();
  for (const slice of await slices(door, finer, fromMs, toMs, device)) {
    const [tables = []] = await door.ask(finer, [everythingQl(door.source, finer, slice, device)]);
    for (const { name, tags, columns, values } of tables) {
      const key = { metric: name, device: tags?.device ?? '', channel: tags?.channel ?? '' };
      for (const value of values) {
        const atMs = Number(value[0]);
        const startMs = floorTo(tier, atMs, zoneOffsetMs);
        const id = `${startMs}\n${key.metric}\n${key.device}\n${key.channel}`;
        const before = rows.get(id)?.summary;
        const added =
          finer === 'raw'
            ? withReading(before, Number(value[1]), Number(value[2] ?? 0), atMs)
            : joined(before, summaryOf(columns, value));
        rows.set(id, { key, startMs, summary: added });
      }
    }
  }
  return [...rows.values()];
}

const joined = (before: Summary | undefined, row: Summary) =>
  before === undefined ? row : merge(before, row);

/** Slices of time with about as many rows as one answer may hold. */
async function slices(door: InfluxDoor, tier: Tier, fromMs: number, toMs: number, device?: string) {
  const [counted = []] = await door.ask(tier, [countQl(door.source, tier, { fromMs, toMs }, device)]);
  const rows = counted.reduce((sum, { values }) => sum + Number(values[0]?.[1] ?? 0), 0);
  const stepMs = Math.max(1, Math.ceil((toMs - fromMs) / Math.max(1, Math.ceil(rows / ROWS_A_REQUEST))));
  const found: { fromMs: number; toMs: number }[] = [];
  if (rows === 0) return found;
  for (let at = fromMs; at < toMs; at += stepMs)
    found.push({ fromMs: at, toMs: Math.min(at + stepMs, toMs) });
  return found;
}
