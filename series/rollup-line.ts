import type { Summary } from './summary.ts';

/** Tags as InfluxDB gives them back, unescaped; a tag that a series does not have is ''. */
export interface RollupKey {
  readonly metric: string;
  readonly device: string;
  readonly channel: string;
}

const escapeTag = (text: string) => text.replace(/[,= ]/g, '\\$&');
/** A sum may overflow; line protocol knows no infinity. */
const finite = (value: number) => Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);

/** A row of a rollup in line protocol, under the start of its window. */
export function rollupLine({ metric, device, channel }: RollupKey, startMs: number, row: Summary): string {
  const key = `${metric}${channel === '' ? '' : `,channel=${escapeTag(channel)}`},device=${escapeTag(device)}`;
  // Fields that say nothing are left out, as in a reading's line: InfluxDB joins what is not there in no time.
  const flagged = row.flagged === 0 ? '' : `,flagged=${row.flagged}i`;
  const bits = row.quality === 0 ? '' : `,quality=${row.quality}i`;
  const whole = `count=${row.count}i${flagged}${bits}${row.count === 0 ? ',unbelieved=1i' : ''}`;
  const times = `first_at=${row.firstMs}i,last_at=${row.lastMs}i`;
  const values = (['sum', 'min', 'max', 'first', 'last', 'increase'] as const)
    .map((name) => `${name}=${finite(row[name])}`)
    .join(',');
  return `${key} ${whole},${times},${values} ${BigInt(startMs) * 1_000_000n}`;
}

/** The row back from columns and values of an answer. */
export function summaryOf(columns: readonly string[], values: readonly (string | number | null)[]): Summary {
  const of = (name: string) => Number(values[columns.indexOf(name)] ?? 0);
  return {
    ...{ count: of('count'), flagged: of('flagged'), quality: of('quality') },
    ...{ sum: of('sum'), min: of('min'), max: of('max'), first: of('first'), last: of('last') },
    ...{ firstMs: of('first_at'), lastMs: of('last_at'), increase: of('increase') },
  };
}
