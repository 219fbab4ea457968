import type { DoseCalibrationRecord, TankFillRecord } from '@nongtin/broker/wire';
import { addressOf, type FertigationJournal } from '../fertigation/book.ts';
import { contentOf } from '../fertigation/schema.ts';
import type { WetTests } from '../wet-test/ledger.ts';
import { simulatedZones } from './demo.ts';
import { isSimulatedTank } from './demo-dosing.ts';
import type { Farm } from './layout.ts';

interface DemoParts {
  readonly wetTests: Pick<WetTests, 'assumeTested'>;
  readonly journal: Pick<FertigationJournal, 'appendRecord' | 'newest'>;
}

/** What somebody would have found out beside the demo's valves and pumps. Resolves when it is durable. */
export async function assumeDemo(farm: Farm, { wetTests, journal }: DemoParts, atMs: number): Promise<void> {
  await Promise.all([wetTests.assumeTested(simulatedZones(farm), atMs), assumeMeasured(farm, journal, atMs)]);
}

/** mL/s of the simulated pumps, as a person with a cup would have read it, and litres that the tanks begin with. */
const measured: Readonly<Record<string, { readonly rate: number; readonly litres: number }>> = {
  'stock-a': { rate: 20, litres: 180 },
  'stock-b': { rate: 20, litres: 180 },
  acid: { rate: 12, litres: 50 },
};
const BY = { recordedBy: 'demo', recordedByName: 'Demo' } as const;
const CUP_SECONDS = 30;

/**
 * The demo's dose pumps and tanks are simulated, nobody stands beside them with a cup: they are taken for measured and filled, and that is
 * what is written. Only of those that are as the demo's, and once.
 */
async function assumeMeasured(
  { heads = [] }: Pick<Farm, 'heads'>,
  journal: Pick<FertigationJournal, 'appendRecord' | 'newest'>,
  atMs: number,
): Promise<void> {
  const known = new Set((await journal.newest('dose_calibration', 'tank')).map(({ tank }) => tank));
  const filled = new Set((await journal.newest('tank_fill', 'tank')).map(({ tank }) => tank));
  for (const { id, tanks } of heads) {
    for (const tank of tanks.filter(isSimulatedTank)) {
      const { rate, litres } = measured[tank.id] ?? { rate: 0, litres: 0 };
      const its = { atMs, head: id, tank: tank.id, ...BY };
      const cup = { seconds: CUP_SECONDS, millilitres: rate * CUP_SECONDS, waterLitres: 0 };
      const calibration: DoseCalibrationRecord = {
        ...{ kind: 'dose_calibration', ...its, address: addressOf(tank), runs: [cup, cup] },
        ...{ millilitresPerSecond: rate, millilitresPerLitre: null },
      };
      const fill: TankFillRecord = {
        ...{ kind: 'tank_fill', ...its, fillId: `assumed-${tank.id}`, litres },
        gramsPerLitre: { ...contentOf(tank) } as Record<string, number>,
      };
      if (!known.has(tank.id)) await journal.appendRecord(calibration);
      if (!filled.has(tank.id)) await journal.appendRecord(fill);
    }
  }
}
