import type { Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { WateredZone } from '../../farm/layout.ts';
import type { FarmWeather } from '../../farm-weather/farm-weather.ts';
import { controllerDefaults } from '../controller/config.ts';
import { freshMoisture } from '../controller/decide.ts';
import type { ZoneState } from '../controller/types.ts';
import type { ProgramHolds } from '../holds.ts';
import type { Conditions, Planned } from '../programs/conditions.ts';
import type { Forecast } from '../programs/forecast.ts';
import { plan } from '../programs/plan.ts';
import type { Program } from '../programs/program.ts';
import { takeTurns, type WaterTurns } from '../programs/turns.ts';
import { Guard } from './guard.ts';
import type { WateringHistory } from './history.ts';
import type { WaterLedger } from './water-ledger.ts';

const WEEK_MS = 7 * 86_400_000;
const NOT_ASKED = 'its program could not be asked: not watered';
const FAILED: Planned = {
  ...{ wanted: null, reason: { key: 'planning_failed', figures: {} }, notes: [], nextAtMs: null },
};

/** A zone that a program waters. */
export interface ProgrammedZone {
  readonly zone: WateredZone;
  readonly program: Program;
  readonly isMetered: boolean;
  readonly turn: Conditions['turn'];
}

interface PlannerOptions {
  readonly site: () => Conditions['site'];
  readonly zones: () => Iterable<ProgrammedZone>;
  /** Of members who share water. */
  readonly turns: () => readonly WaterTurns[];
  readonly irrigation: {
    zone(id: string): ZoneState | undefined;
    plan(zone: string, wanted: Planned['wanted'], reason: Reason): void;
    /** Why a zone would not be opened whatever its program wants, until somebody sees to it. */
    obstacle(zone: string): Reason | undefined;
  };
  readonly weather: Pick<FarmWeather, 'rain' | 'windMetresPerSecond'>;
  readonly ledger: Pick<WaterLedger, 'depletion' | 'et0MmPerDay' | 'tooSalty' | 'probeDoubt'>;
  /** For how many days a zone's crop has been over; 0: it is not, or nobody has said what grows there. */
  readonly cropOverDays: (zone: string) => number;
  readonly holds: Pick<ProgramHolds, 'of'>;
  readonly history: Pick<WateringHistory, 'of'>;
  readonly forecast: () => { readonly latest: Forecast | null; readonly problem: string | null };
  /** The farm's calendar, UTC ms. */
  readonly nowMs: () => number;
  readonly clock: { monotonicMs(): number; isTrusted(): boolean };
  readonly uptime: { sinceStartMs(): number; totalMs(): number };
  readonly logger: Logger;
}

/**
 * Asks each zone's program, again and again, whether it wants its valve open now, and tells the controller. It opens nothing
 * itself and remembers nothing: a restart between two questions changes no answer.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #guard: Guard;
  readonly #planned = new Map<string, Planned>();

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#guard = new Guard(options.logger);
  }

  /** One zone's trouble stops no other one; what cannot be decided is not watered. */
  tick(): void {
    const plans = new Map<string, Planned>();
    const got = new Map<string, Got>();
    for (const programmed of this.#options.zones()) {
      const { id } = programmed.zone;
      const state = this.#options.irrigation.zone(id);
      if (state === undefined) continue;
      plans.set(id, this.#guard.run(id, NOT_ASKED, () => this.#ask(programmed, state, got)) ?? FAILED);
    }
    for (const turns of this.#options.turns()) {
      const own = turns.members.flatMap(({ zones }) => zones);
      const theirs = new Map([...plans].filter(([zone]) => own.includes(zone)));
      const obstacle = (zone: string) => this.#options.irrigation.obstacle(zone);
      const taken = this.#guard.run(turns.id, NOT_ASKED, () =>
        takeTurns(turns, theirs, { got: measure(turns, got), obstacle }),
      );
      for (const zone of theirs.keys()) plans.set(zone, taken?.get(zone) ?? FAILED);
    }
    for (const zone of this.#planned.keys()) if (!plans.has(zone)) this.#forget(zone);
    for (const [zone, planned] of plans) {
      this.#planned.set(zone, planned);
      this.#options.irrigation.plan(zone, planned.wanted, planned.reason);
    }
  }

  /** What its program said last; undefined: it has none, or has not been asked yet. */
  of(zone: string): Planned | undefined {
    return this.#planned.get(zone);
  }

  #ask(programmed: ProgrammedZone, state: ZoneState, got: Map<string, Got>): Planned {
    const conditions = this.#conditions(programmed, state);
    got.set(state.id, gotLately(conditions));
    return plan(programmed.program, conditions);
  }

  /** It has no program any more: what the one before wanted is nothing to wait for. */
  #forget(zone: string): void {
    this.#planned.delete(zone);
    this.#options.irrigation.plan(zone, null, { key: 'waits_for_program', figures: {} });
  }

  #conditions({ zone, isMetered, turn }: ProgrammedZone, state: ZoneState): Conditions {
    const { site, weather, ledger, holds, history, forecast, clock, uptime } = this.#options;
    const nowMs = this.#options.nowMs();
    const { stopAll, pause } = holds.of(zone.id);
    const isProbeDoubted = ledger.probeDoubt(zone.id) !== null;
    const fresh = { now: { realMs: clock.monotonicMs() }, config: controllerDefaults };
    return {
      nowMs,
      clock: {
        isTrusted: clock.isTrusted(),
        sinceStartMs: uptime.sinceStartMs(),
        totalUptimeMs: uptime.totalMs(),
      },
      site: site(),
      zone: {
        id: zone.id,
        nominalFlowLitresPerMinute: zone.nominalFlowLitresPerMinute,
        isMetered,
        maxRunSeconds: zone.maxRunSeconds,
        areaSquareMetres: zone.water?.areaSquareMetres ?? null,
        plants: zone.water?.plants ?? null,
      },
      stopAll: stopAll && { by: stopAll.by },
      pause: pause && { by: pause.by, untilMs: pause.untilMs ?? Number.MAX_SAFE_INTEGER },
      depletion: ledger.depletion(zone.id),
      cropOverDays: this.#options.cropOverDays(zone.id),
      ...{ isProbeDoubted, soilMoisture: isProbeDoubted ? null : freshMoisture(state, fresh) },
      rain: weather.rain(),
      windMetresPerSecond: weather.windMetresPerSecond(),
      forecast: forecast().latest,
      forecastProblem: forecast().problem,
      et0MmPerDay: ledger.et0MmPerDay(),
      against: [ledger.tooSalty(zone.id)].filter((reason) => reason !== null),
      turn,
      history: history.of(state),
    };
  }
}

type Got = Record<'litres' | 'seconds', number>;

/** By zone, what counts where its water is shared. */
function measure({ inTurnBy = 'litres' }: WaterTurns, got: ReadonlyMap<string, Got>): Map<string, number> {
  return new Map([...got].map(([zone, sum]) => [zone, sum[inTurnBy]]));
}

/** What a zone was given in the last week, by whomever. */
function gotLately({ history, nowMs }: Conditions): Got {
  const lately = history.filter(({ startedAtMs }) => nowMs - startedAtMs < WEEK_MS);
  return {
    litres: lately.reduce((sum, { ended }) => sum + (ended?.litres ?? 0), 0),
    seconds: lately.reduce((sum, { ended, plannedSeconds }) => sum + (ended?.seconds ?? plannedSeconds), 0),
  };
}
