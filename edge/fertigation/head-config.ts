import type { Limit } from '../irrigation/time.ts';
import type { DoseBook } from './book.ts';
import { orderOf, precipitate } from './compatibility.ts';
import type { HeadConfig, ProbeRules, Quantity, TankConfig } from './dosing/types.ts';
import { contentOf, dosingPart, type Head, type Tank, usualProbes, usualPulses } from './schema.ts';

/** Of what a dose should raise EC by: less, and nothing comes out of the tank. */
const LEAST_EFFECT_FRACTION = 0.3;
const ATTEMPTS = 3;

const seconds = (count: number): Limit => ({ farmSeconds: count, realSeconds: count });

/** What is known of a tank. */
export interface KnownTank extends Pick<TankConfig, 'leftMillilitres' | 'undercounted'> {
  /** Of its calibrated rate, what its pump gives. */
  readonly rateFactor: number;
}

/** A head of the layout as the core sees it, with what was measured of its pumps and is known of its tanks. */
export function headConfig(
  head: Head,
  book: Pick<DoseBook, 'calibration'>,
  known: (tank: Tank) => KnownTank,
): HeadConfig {
  const { answerSeconds = 5, flowAgeSeconds = 60, doubtSeconds = 60 } = head.limits ?? {};
  return {
    id: head.id,
    tanks: head.tanks.map((tank) => tankConfig(tank, head, book, known(tank))),
    ...{ ec: probeRules(head, 'ec'), ph: probeRules(head, 'ph') },
    ...{ preFlushLitres: head.preFlushLitres, postFlushLitres: head.postFlushLitres },
    ...{ mixingLitres: head.mixingLitres, probeSeconds: head.probeSeconds ?? 5 },
    separationLitres: head.separationLitres ?? 0,
    limits: {
      ...{ answer: seconds(answerSeconds), attempts: ATTEMPTS, flowAge: seconds(flowAgeSeconds) },
      ...{ doubt: seconds(doubtSeconds), leastEffectFraction: LEAST_EFFECT_FRACTION },
    },
  };
}

function probeRules(head: Head, quantity: Quantity): ProbeRules {
  const { min, max, tolerance, probes, maxAgeSeconds } = { ...usualProbes[quantity], ...head[quantity] };
  return {
    ...{ count: probes.length === 2 ? 2 : 1, min, max, tolerance },
    maxAge: seconds(maxAgeSeconds ?? 60),
  };
}

function tankConfig(
  tank: Tank,
  head: Head,
  book: Pick<DoseBook, 'calibration'>,
  known: KnownTank,
): TankConfig {
  const { id, isAcid = false, perRunMillilitres, perDayMillilitres } = tank;
  const { minPulseSeconds, maxPulseSeconds } = { ...usualPulses, ...dosingPart(tank) };
  const measured = book.calibration(tank);
  const rate = (calibrated: number | null | undefined) =>
    calibrated == null ? null : calibrated * known.rateFactor;
  return {
    ...{ id, isAcid, order: orderOf(isAcid, contentOf(tank)), apartFrom: apartFrom(tank, head) },
    millilitresPerSecond: rate(measured?.millilitresPerSecond),
    ...(tank.injector === undefined
      ? {}
      : { injector: { millilitresPerLitre: rate(measured?.millilitresPerLitre) } }),
    ...{ minPulseSeconds, maxPulseSeconds, perRunMillilitres, perDayMillilitres },
    ...known,
  };
}

/** Tanks that precipitate with it, by what they hold or because somebody says so of one of them. */
function apartFrom(tank: Tank, { tanks }: Head): string[] {
  const own = contentOf(tank);
  return tanks
    .filter((other) => other !== tank && other.id !== tank.id)
    .filter(
      (other) =>
        precipitate(own, contentOf(other)) !== null ||
        tank.apartFrom?.includes(other.id) ||
        other.apartFrom?.includes(tank.id),
    )
    .map(({ id }) => id);
}
