import { type Kind, type Outcome, play } from './fertigation/play.ts';
import { SEASON_DAYS } from './fertigation/season.ts';
import { worlds } from './fertigation/worlds.ts';
import { type Benchmark, figureOf } from './result.ts';

/** The first stage of the season. */
const QUICK_DAYS = 20;
const QUICK_WORLDS = 2;

const kinds: readonly Kind[] = ['ours', 'fixed dose', 'proportional'];

/** What one controller has come to in one world; of plots and tanks the worst. */
export interface Judged {
  readonly ecWithinBand: number;
  readonly ecWithinBandOfAll: number;
  readonly nitrogenError: number;
  readonly ledgerError: number;
  /** Had nobody taken stock of the tanks. */
  readonly bookedError: number;
}

export function judged({ nitrogen, tanks, ...outcome }: Outcome): Judged {
  const worst = (errors: readonly number[]) => Math.max(...errors.map(Math.abs));
  const used = Object.values(tanks).filter(({ truth }) => truth > 0);
  return {
    ecWithinBand: outcome.ecWithinBandFraction,
    ecWithinBandOfAll: outcome.ecWithinBandOfAllFraction,
    nitrogenError: worst(Object.values(nitrogen).map(({ applied, planned }) => applied / planned - 1)),
    ledgerError: worst(used.map(({ truth, ledger }) => ledger / truth - 1)),
    bookedError: worst(used.map(({ truth, booked }) => booked / truth - 1)),
  };
}

/**
 * A season of fertigation on four plots behind one dosing head, in worlds that go wrong in their own ways: our core beside a fixed dose at
 * fixed intervals and plain proportional dosing, in the same water. Seeded: every run brings the same figures, each the worst of all
 * worlds. What is counted how: bench/README.md.
 */
export const fertigation: Benchmark = {
  name: 'fertigation',
  async run({ quick, say }) {
    const found: Record<Kind, Judged[]> = { ours: [], 'fixed dose': [], proportional: [] };
    let doses = 0;
    for (const world of quick ? worlds.slice(-QUICK_WORLDS) : worlds)
      for (const kind of kinds) {
        const outcome = await play(world, kind, quick ? QUICK_DAYS : SEASON_DAYS);
        if (kind === 'ours') doses += outcome.doses;
        const one = judged(outcome);
        found[kind].push(one);
        say(`${world.name}, ${kind}: ${words(one, outcome)}`);
        await new Promise(setImmediate);
      }
    const least = (kind: Kind, of: (one: Judged) => number) =>
      figureOf([Math.min(...found[kind].map(of))], '1');
    const most = (kind: Kind, of: (one: Judged) => number) =>
      figureOf([Math.max(...found[kind].map(of))], '1');
    return {
      runs: found.ours.length,
      figures: {
        ecWithinBandFraction: least('ours', (one) => one.ecWithinBand),
        ecWithinBandOfAllFraction: least('ours', (one) => one.ecWithinBandOfAll),
        nitrogenErrorFraction: most('ours', (one) => one.nitrogenError),
        ledgerErrorFraction: most('ours', (one) => one.ledgerError),
        ledgerErrorFractionWithoutStocktaking: most('ours', (one) => one.bookedError),
        ecWithinBandFractionFixedDose: least('fixed dose', (one) => one.ecWithinBand),
        nitrogenErrorFractionFixedDose: most('fixed dose', (one) => one.nitrogenError),
        ledgerErrorFractionFixedDose: most('fixed dose', (one) => one.ledgerError),
        ecWithinBandFractionProportional: least('proportional', (one) => one.ecWithinBand),
        nitrogenErrorFractionProportional: most('proportional', (one) => one.nitrogenError),
        ledgerErrorFractionProportional: most('proportional', (one) => one.ledgerError),
        doses: figureOf([doses], 'doses'),
      },
      targets: [
        { figure: 'ecWithinBandFraction', comparator: '>=', target: 0.9 },
        { figure: 'nitrogenErrorFraction', comparator: '<=', target: 0.03 },
        { figure: 'ledgerErrorFraction', comparator: '<=', target: 0.02 },
      ],
    };
  },
};

function words(one: Judged, { doses, dosingHours, locks }: Outcome): string {
  const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
  return [
    `EC in its band ${percent(one.ecWithinBand)} of the time (${percent(one.ecWithinBandOfAll)} with the first mixing)`,
    `N off by ${percent(one.nitrogenError)}`,
    `ledger by ${percent(one.ledgerError)} (${percent(one.bookedError)} without stocktaking)`,
    `${doses} doses in ${Math.round(dosingHours)} h, locked ${locks} times`,
  ].join(', ');
}
