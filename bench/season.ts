import { type Benchmark, figureOf, type Measurement } from './result.ts';
import { type Season, seasons } from './season/fields.ts';
import { type Outcome, play } from './season/play.ts';

const QUICK_DAYS = 20;

interface Compared {
  readonly ours: Outcome;
  readonly clock: Outcome;
  readonly threshold: Outcome;
}

/**
 * Three crops in two climates, each watered by our programs, by a clock and by a threshold on the probe: the same weather, soil,
 * drip lines and probe. Seeded, so every run brings the same figures; each figure is the worst of the six.
 */
export const season: Benchmark = {
  name: 'season',
  async run({ quick, say }) {
    const compared: Compared[] = [];
    for (const whole of seasons()) {
      const one = quick ? { ...whole, days: QUICK_DAYS } : whole;
      const found = await compare(one);
      compared.push(found);
      say(`${one.name}: ${words(found)}`);
    }
    return figures(compared);
  },
};

async function compare(one: Season): Promise<Compared> {
  const ours = await play(one, 'ours');
  // The clock is set once, for the month that wants most.
  const peakMmPerDay = Math.max(...ours.monthlyDemandMm) * one.wettedFraction;
  const litresPerDay = (peakMmPerDay * one.areaSquareMetres) / one.efficiency;
  const clock = await play(one, 'clock', (litresPerDay / one.flowLitresPerMinute) * 60);
  return { ours, clock, threshold: await play(one, 'threshold') };
}

function figures(compared: readonly Compared[]): Measurement {
  const worst = (of: (one: Compared) => number, unit: string) =>
    figureOf([Math.max(...compared.map(of))], unit);
  return {
    runs: 1,
    figures: {
      waterRatioClock: worst(({ ours, clock }) => ours.litres / clock.litres, '1'),
      stressDays: worst(({ ours }) => ours.stressDays, 'days'),
      stressDaysClock: worst(({ clock }) => clock.stressDays, 'days'),
      stressDaysThreshold: worst(({ threshold }) => threshold.stressDays, 'days'),
      valveCyclesRatioThreshold: worst(({ ours, threshold }) => ours.openings / threshold.openings, '1'),
    },
    targets: [
      { figure: 'waterRatioClock', comparator: '<=', target: 0.75 },
      { figure: 'stressDays', comparator: '<=', target: 0 },
      { figure: 'valveCyclesRatioThreshold', comparator: '<=', target: 1 },
    ],
  };
}

function words({ ours, clock, threshold }: Compared): string {
  const of = ({ litres, stressDays, openings }: Outcome) =>
    `${Math.round(litres / 1000)} m³, ${stressDays} stress days, ${openings} openings`;
  return `ours ${of(ours)}; clock ${of(clock)}; threshold ${of(threshold)}`;
}
