import type { ControllerState, Flowing, ZoneState } from '../irrigation/controller/types.ts';
import type { SourceState } from '../irrigation/sources/state.ts';
import type { Instant } from '../irrigation/time.ts';
import type { Recipe, Water } from './dosing/types.ts';

type WaterRun = Water['runs'][number];

/** How much of a run has passed: by its meter's counter, and by its flow since that was told last. */
interface Passed {
  litres: number;
  told: number;
  toldFarmMs: number;
  recipe: Recipe | null;
}

interface Watching {
  readonly source: string;
  /** Zones that take their water from it. */
  readonly zones: readonly string[];
  /** What a zone is to get now, of so much water as its run will have; asked once a run. */
  readonly recipeOf: (zone: string, litres: number) => Recipe | null;
  readonly flowAgeSeconds: number;
}

/**
 * What the irrigation controller has proven to flow through a head: open zones of its source that a meter measures. Where the
 * source does anything else (it flushes its filter, fails, is doubted) nothing is proven; a valve of another zone that may be open
 * is water that nobody has proven, into which nothing is dosed.
 */
export class HeadWater {
  #watching: Watching;
  readonly #passed = new Map<string, Passed>();
  #counter = 0;

  constructor(watching: Watching) {
    this.#watching = watching;
  }

  follow(watching: Watching): void {
    this.#watching = watching;
  }

  look({ zones, sources }: ControllerState, now: Instant): Water {
    const its = this.#watching.zones.flatMap((id) => zones[id] ?? []);
    const source = sources[this.#watching.source];
    const proven = delivers(source) ? its.flatMap((zone) => this.#provenRun(zone, now)) : [];
    this.#forget(its);
    if (proven.length === 0) return { runs: [], counter: this.#counter, seen: now };
    const unproven = its.filter((zone) => mayBeOpen(zone) && !proven.some((run) => run.zone === zone.id));
    const seen = proven.reduce((oldest, run) => (run.seen.realMs < oldest.realMs ? run.seen : oldest), now);
    return { runs: [...proven, ...unproven.map(unprovenRun)], counter: this.#counter, seen };
  }

  #provenRun(zone: ZoneState, now: Instant): (WaterRun & { readonly seen: Instant })[] {
    const { phase, valve } = zone;
    if (phase.name !== 'running' || phase.proof !== 'metered' || phase.run.source === 'wet_test') return [];
    const { flowLitresPerMinute: flow, flowSeen } = valve ?? {};
    if (phase.oddFlow !== null || valve?.open !== true || !flow || !flowSeen) return [];
    const { run } = phase;
    const passed = this.#after(zone.id, phase, flow, flowSeen, now);
    return [
      {
        ...{ zone: zone.id, runId: run.runId, recipe: passed.recipe, litres: passed.litres },
        litresLeft: litresLeft(phase, passed.litres, flow, now),
        ...{ litresPerMinute: flow, seen: flowSeen },
      },
    ];
  }

  #after(zone: string, phase: Flowing, flow: number, flowSeen: Instant, now: Instant): Passed {
    const { runId, tally } = phase.run;
    const told = tally?.isTold ? Math.max(0, tally.highest - tally.before) : 0;
    const known = this.#passed.get(runId);
    const passed: Passed = known ?? {
      ...{ litres: told, told, toldFarmMs: phase.openedAt.farmMs },
      recipe: this.#watching.recipeOf(zone, told + litresLeft(phase, told, flow, now)),
    };
    if (known === undefined) this.#passed.set(runId, passed);
    if (told > passed.told) Object.assign(passed, { told, toldFarmMs: now.farmMs });
    // A counter steps by tens of litres, and speaks once a minute: in between its flow says how much has passed.
    const untilFarmMs = Math.min(now.farmMs, flowSeen.farmMs + this.#watching.flowAgeSeconds * 1000);
    const since = Math.max(0, untilFarmMs - passed.toldFarmMs) / 60_000;
    const litres = Math.max(passed.litres, passed.told + flow * since);
    this.#counter += litres - passed.litres;
    passed.litres = litres;
    return passed;
  }

  #forget(zones: readonly ZoneState[]): void {
    const running = new Set(zones.flatMap(({ phase }) => ('run' in phase ? phase.run.runId : [])));
    for (const runId of this.#passed.keys()) if (!running.has(runId)) this.#passed.delete(runId);
  }
}

function delivers(source: SourceState | undefined): boolean {
  if (source === undefined || source.lock !== null || source.suspicion !== null) return false;
  const { pump, masterValve, flushValve, filter, stage } = source;
  if (flushValve !== null && (flushValve.isOn === true || flushValve.told === 'on')) return false;
  if (filter !== null && filter.stage !== 'waiting') return false;
  return pump === null && masterValve === null ? stage !== 'locked' : stage === 'delivering';
}

function mayBeOpen({ phase, valve }: ZoneState): boolean {
  switch (phase.name) {
    case 'opening':
      return phase.sentAt !== null;
    case 'proving':
    case 'running':
    case 'testing':
      return true;
    case 'closing':
      return valve?.open !== false;
    default:
      return valve?.open === true;
  }
}

/** No water of it has passed, as far as anybody has proven, and none is left that may be dosed. */
function unprovenRun(zone: ZoneState): WaterRun {
  const runId = 'run' in zone.phase ? zone.phase.run.runId : `unproven-${zone.id}`;
  return { zone: zone.id, runId, recipe: null, litres: 0, litresLeft: 0, litresPerMinute: 0 };
}

/** Until its time or its litres are over. */
function litresLeft({ run, openedAt }: Flowing, litres: number, flow: number, now: Instant): number {
  const secondsLeft = run.plannedSeconds - (now.farmMs - openedAt.farmMs) / 1000;
  const byTime = Math.max(0, (secondsLeft * flow) / 60);
  const wanted = run.wanted?.litres;
  return wanted == null ? byTime : Math.min(byTime, Math.max(0, wanted - litres));
}
