import type { Reason, WaterBalanceRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { type Farm, zonesOf } from '../../farm/layout.ts';
import type { ProgramHolds } from '../holds.ts';
import type { Planned } from '../programs/conditions.ts';
import type { Program } from '../programs/program.ts';
import { programmedZones } from './programmed.ts';
import type { ZoneWaterView } from './water-ledger.ts';

/** A zone's program as people see it; times are of the farm's calendar (irrigation/clock.ts). */
export interface ProgramView {
  readonly id: string;
  readonly name: string | null;
  readonly kind: NonNullable<Program['kind']>;
  /** When its answer may be another one even if nothing is measured; null: nothing is foreseen, or it was not asked yet. */
  readonly nextAtMs: number | null;
  /** What could not be taken into account. */
  readonly notes: Reason[];
  /** `untilMs` null: until a person takes it back. */
  readonly pause: { readonly by: string; readonly untilMs: number | null } | null;
  readonly stopAll: { readonly by: string } | null;
}

/** A zone's soil as people see it; depths mm over its whole area, to a tenth. */
export interface WaterView {
  readonly asOfMs: number;
  readonly depletionMm: number;
  readonly rawMm: number;
  readonly tawMm: number;
  /** How full it is between wilting point (0) and field capacity (1). */
  readonly availableWater: number;
  readonly stage: string;
  readonly kc: number;
  /** So far today. */
  readonly et0Mm: number;
  readonly isAssumed: boolean;
  /** Why its probe is not believed. */
  readonly disagreement: Reason | null;
  /** The day that was closed last; measured and unproven litres are never added up. */
  readonly lastDay: DayView | null;
}

type DayView = Pick<
  WaterBalanceRecord,
  | ('date' | 'et0Mm' | 'et0Method' | 'et0Reasons' | 'etcMm' | 'rainMm')
  | ('measuredLitres' | 'unprovenLitres' | 'percolationMm' | 'ks')
>;

/** What a zone's program thinks, and what its soil is like, for people; null: it has none, or nothing is known yet. */
export interface PlanView {
  readonly program: ProgramView | null;
  readonly water: WaterView | null;
}

interface ShownOptions {
  readonly farm: () => Farm;
  readonly planned: (zone: string) => Planned | undefined;
  readonly water: (zone: string) => ZoneWaterView | null;
  readonly holds: Pick<ProgramHolds, 'of'>;
  /** Called for a zone of which people see something else now. */
  readonly onChanged: (zone: string) => void;
  readonly logger: Logger;
}

/**
 * What people see of programs and soils. A soil dries slowly and reckoning it costs: what is shown of it is as old as the
 * last look, which its owner takes every minute or so, or as the last watering.
 */
export class ShownPlans {
  readonly #options: ShownOptions;
  readonly #water = new Map<string, WaterView | null>();
  /** As it was told last, by zone. */
  readonly #told = new Map<string, string>();

  constructor(options: ShownOptions) {
    this.#options = options;
  }

  of(zone: string): PlanView {
    let water = this.#water.get(zone);
    if (water === undefined) {
      water = this.#reckon(zone);
      this.#water.set(zone, water);
    }
    return { program: this.#program(zone), water };
  }

  /** Reckons anew, and tells of each zone that is shown otherwise than at the last look. */
  look(): void {
    this.#water.clear();
    for (const { id } of zonesOf(this.#options.farm())) {
      const { program, water } = this.of(id);
      const shown = JSON.stringify([program, water && { ...water, asOfMs: 0 }]);
      const before = this.#told.get(id);
      this.#told.set(id, shown);
      if (before !== shown) this.#options.onChanged(id);
    }
  }

  /** Something has changed in this zone that its figures must show at once. */
  forget(zone: string): void {
    this.#water.delete(zone);
  }

  /** Asked for in the midst of control, which what is shown must never hold up. */
  #reckon(zone: string): WaterView | null {
    try {
      const now = this.#options.water(zone);
      return now && waterView(now);
    } catch (error) {
      this.#options.logger.error({ err: error, zone }, 'its water cannot be shown');
      return null;
    }
  }

  #program(id: string): ProgramView | null {
    const program = programmedZones(this.#options.farm()).get(id)?.program;
    if (program === undefined) return null;
    const planned = this.#options.planned(id);
    const { pause, stopAll } = this.#options.holds.of(id);
    return {
      ...{ id: program.id, name: program.name ?? null, kind: program.kind ?? 'depletion' },
      ...{ nextAtMs: planned?.nextAtMs ?? null, notes: [...(planned?.notes ?? [])] },
      pause: pause && { by: pause.by, untilMs: pause.untilMs },
      stopAll: stopAll && { by: stopAll.by },
    };
  }
}

function waterView(now: ZoneWaterView): WaterView {
  const { asOfMs, depletionMm, tawMm, stage, isAssumed, disagreement, lastDay } = now;
  const full = tawMm > 0 ? 1 - depletionMm / tawMm : 0;
  return {
    ...{ asOfMs, depletionMm: round(depletionMm), rawMm: round(now.rawMm), tawMm: round(tawMm) },
    availableWater: round(Math.min(1, Math.max(0, full)), 1_000),
    ...{ stage, kc: round(now.kc, 100), et0Mm: round(now.et0Mm), isAssumed, disagreement },
    lastDay: lastDay && dayView(lastDay),
  };
}

function dayView(day: WaterBalanceRecord): DayView {
  const { date, et0Mm, et0Method, et0Reasons, etcMm, rainMm } = day;
  const { measuredLitres, unprovenLitres, percolationMm, ks } = day;
  return {
    ...{ date, et0Mm, et0Method, et0Reasons, etcMm, rainMm },
    ...{ measuredLitres, unprovenLitres, percolationMm, ks },
  };
}

function round(value: number, parts = 10): number {
  return Math.round(value * parts) / parts;
}
