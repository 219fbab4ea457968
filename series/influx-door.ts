import type { Source } from './influxql.ts';
import type { Tier, WriteOutcome } from './store.ts';

/** One table of an answer to InfluxQL. */
export interface InfluxTable {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | null)[])[];
}

export interface InfluxAnswer {
  readonly results: readonly { readonly series?: readonly InfluxTable[]; readonly error?: string }[];
}

/** How the versions of InfluxDB are spoken to: the same InfluxQL and line protocol through different doors. */
export interface InfluxDoor {
  /** Answers statements on one tier, times in milliseconds: a list of tables each. Throws without any login. */
  ask(tier: Tier, statements: readonly string[]): Promise<(readonly InfluxTable[])[]>;
  write(tier: Tier, lines: string): Promise<WriteOutcome>;
  readonly source: Source;
}

/** The tables of each statement; throws the server's words. */
export function tablesOf({ results }: InfluxAnswer): (readonly InfluxTable[])[] {
  return results.map(({ series, error }) => {
    if (error !== undefined) throw new Error(error);
    return series ?? [];
  });
}
