import type { FarmAlarms } from './alarms/farm-alarms.ts';
import { LayoutProblem } from './farm/changes.ts';
import type { LayoutKeeper } from './farm/keeper.ts';
import { type Farm, type Zone, zonesOf } from './farm/layout.ts';
import { hardwareOf, knownNames, placedDevices } from './farm/places.ts';
import type { SeriesNames } from './farm/series-names.ts';
import type { Fertigation } from './fertigation/service.ts';
import type { Found } from './found/found.ts';
import type { Health } from './health/health.ts';
import type { Ingest } from './ingest/index.ts';
import type { MeasuredZones } from './irrigation/measured.ts';
import type { Planning } from './irrigation/planning/planning.ts';
import type { Irrigation } from './irrigation/service.ts';
import type { Live } from './live/live.ts';
import type { PestWatch } from './pest/service.ts';

interface Followers {
  /** What is wrong with how a farm is to be watered. */
  readonly problems: (farm: Farm) => readonly string[];
  readonly irrigation: Pick<Irrigation, 'hold' | 'setZones'>;
  readonly planning: Pick<Planning, 'follow'>;
  readonly measured: Pick<MeasuredZones, 'follow'>;
  readonly live: Pick<Live, 'follow'>;
  readonly found: Pick<Found, 'follow'>;
  readonly names: Pick<SeriesNames, 'follow'>;
  readonly ingest: Pick<Ingest, 'replaced'>;
  readonly health: Pick<Health, 'forget'>;
  readonly farmAlarms: Pick<FarmAlarms, 'follow'>;
  readonly pests: Pick<PestWatch, 'changed'>;
  readonly fertigation: Pick<Fertigation, 'follow'>;
}

/** What changes in the running gateway when the farm is laid out anew. */
export function followLayout(layout: LayoutKeeper, followers: Followers): void {
  const { problems, irrigation, planning, measured, live, found, names, ingest, health } = followers;
  layout.follow({
    prepare(before, after) {
      // What was wrong before (a holiday that is over by now) does not keep people from changing something else.
      const known = new Set(problems(before).map((problem) => byIdentity(problem, before)));
      const wrong = problems(after).filter((problem) => !known.has(byIdentity(problem, after)));
      if (wrong.length > 0) throw new LayoutProblem('wrong', `${wrong.join('; ')}.`);
      const held = irrigation.hold(zonesWithOtherValve(before, after));
      if (typeof held === 'function') return held;
      throw new LayoutProblem('conflict', busyWords(held));
    },
    apply(after, before) {
      followers.fertigation.follow(after);
      irrigation.setZones(zonesOf(after), after.sources ?? []);
      planning.follow(after);
      measured.follow(zonesOf(after));
      live.follow(placedDevices(after));
      found.follow(knownNames(after));
      names.follow(after);
      followers.farmAlarms.follow(after);
      followers.pests.changed();
      for (const device of replacedDevices(before, after)) {
        ingest.replaced(device);
        // What was counted of the other hardware says nothing of this one.
        health.forget(device);
      }
    },
  });
}

/** A problem with its zone, program or turns named by id: their places in the lists change with every removal. */
function byIdentity(problem: string, { plots, programs, waterTurns }: Farm): string {
  return problem
    .replace(/plots\[(\d+)\]\.zones\[(\d+)\]/g, (at, p, z) => `zone ${plots[p]?.zones[z]?.id ?? at}`)
    .replace(/\bprograms\[(\d+)\]/g, (at, p) => `program ${programs?.[p]?.id ?? at}`)
    .replace(/\bwaterTurns\[(\d+)\]/g, (at, t) => `turns ${waterTurns?.[t]?.id ?? at}`);
}

function zonesWithOtherValve(before: Farm, after: Farm): string[] {
  // Another pump before it is as good as another valve.
  const water = (farm: Farm, { valve, source }: Zone) =>
    JSON.stringify([valve, farm.sources?.find(({ id }) => id === source)]);
  const valves = new Map(zonesOf(after).map((zone) => [zone.id, water(after, zone)]));
  return zonesOf(before)
    .filter((zone) => zone.valve !== undefined && water(before, zone) !== valves.get(zone.id))
    .map(({ id }) => id);
}

function replacedDevices(before: Farm, after: Farm): string[] {
  const ids = new Set([...(before.devices ?? []), ...(after.devices ?? [])].map(({ id }) => id));
  return [...ids].filter((id) => hardwareOf(before, id) !== hardwareOf(after, id));
}

function busyWords({ zone, state }: { readonly zone: string; readonly state: string }): string {
  return state === 'locked'
    ? `Zone '${zone}' is locked: look at it and unlock it first.`
    : `Zone '${zone}' is ${state}: stop it and wait until its valve is closed.`;
}
