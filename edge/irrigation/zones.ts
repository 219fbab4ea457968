import type { Reason } from '@nongtin/broker/wire';
import { type Actuator, actuatorOf } from '../actuators/index.ts';
import { isWatered, valveName, type WateredZone, type Zone } from '../farm/layout.ts';
import { type ControlledZone, controllerDefaults } from './controller/config.ts';
import {
  partValve,
  type Source,
  type SourcePart,
  USUAL_LAG_SECONDS,
  USUAL_LEAD_SECONDS,
} from './sources/schema.ts';
import { type ControlledPart, type ControlledSource, sourceDefaults } from './sources/state.ts';
import type { Limit } from './time.ts';

/** How long a wet test leaves a valve open: long enough for its meter, short enough to stand beside it. */
const TEST_SECONDS = 10;

interface Standing {
  /** Farm seconds in one real second: people stand beside a valve in real ones. */
  readonly speed: number;
  readonly readOnly: Reason | null;
  readonly isHeld?: boolean;
  readonly hasProgram?: boolean;
  /** Where its water comes from, when that is known. */
  readonly source?: ControlledSource | undefined;
}

/** A zone of the layout as the controller sees it. */
export function controlledZone(
  zone: WateredZone,
  { speed, readOnly, isHeld = false, hasProgram = false, source }: Standing,
): ControlledZone {
  const { valve } = zone;
  const actuator = actuatorOf(valve);
  const pump = source?.pump ?? null;
  const tailSeconds = pump === null ? 0 : tailOf(pump, speed);
  // The meter's steady flow is what is seen in the later half, so the pump must run for most of that.
  const testSeconds = TEST_SECONDS * speed + 4 * tailSeconds + 2 * (pump?.leadSeconds ?? 0);
  const leaseSeconds = Math.min(Math.ceil(testSeconds), zone.maxRunSeconds);
  const test = { leaseSeconds, cutOffSeconds: actuator.cutOffSeconds(leaseSeconds) };
  const longest = longestLease(zone, actuator, pump !== null);
  const leases = { leaseSeconds: longest, tailSeconds, source: source?.id ?? null, test };
  const shared = { ...zone, valve: valveName(valve), readOnly, isHeld, hasProgram, ...leases };
  if (typeof valve === 'string')
    return { ...shared, foreign: false, meter: valveName(valve), isMeterApart: false, isUnmetered: false };
  const { flowMeter } = valve;
  const seconds = valve.answerSeconds ?? actuator.answerSeconds;
  const answer = seconds === undefined ? undefined : { farmSeconds: seconds, realSeconds: seconds };
  const meter = flowMeter === null ? valveName(valve) : `${flowMeter.device}\n${flowMeter.channel ?? ''}`;
  const isMeterApart = flowMeter !== null && flowMeter.device !== valve.device;
  const meterSilence = silenceOf(Math.max(flowMeter?.everySeconds ?? 0, seconds ?? 0));
  const measured = { meter, isMeterApart, meterSilence, isUnmetered: flowMeter === null };
  return { ...shared, foreign: true, answer, ...measured };
}

/** A meter is silent when three of its words are missing; of a sleeping valve it is taken to sleep as long. */
function silenceOf(everySeconds: number): Limit | undefined {
  const { farmSeconds, realSeconds } = controllerDefaults.meterSilence;
  const seconds = 3 * everySeconds;
  return seconds > realSeconds
    ? { farmSeconds: Math.max(farmSeconds, seconds), realSeconds: seconds }
    : undefined;
}

/** One opening lasts this long where the zone states nothing else; a longer run renews it. */
const LEASE_SECONDS = 900;

/**
 * The longest single opening. Where another opening does not begin the valve's time anew, or would come too late, it is the whole
 * run: then the duration in the opening is all there is. So it is behind a pump for valves that do not say which opening they have
 * heard: the pump's own lease must end before theirs, and it is the pump's that is short.
 */
function longestLease(
  { leaseSeconds = LEASE_SECONDS, maxRunSeconds, valve }: WateredZone,
  actuator: Actuator,
  isPumped: boolean,
): number {
  const isForeign = typeof valve !== 'string';
  const answer = (isForeign ? valve.answerSeconds : undefined) ?? actuator.answerSeconds ?? 0;
  const isRenewable = actuator.isRearmed && answer * 4 <= leaseSeconds && !(isForeign && isPumped);
  return isRenewable ? Math.min(leaseSeconds, maxRunSeconds) : maxRunSeconds;
}

/** By so much a valve's lease outlasts its planned time: the pump's margin and lag, and late answers. */
function tailOf({ lagSeconds }: ControlledPart, speed: number): number {
  const { margin, answer } = sourceDefaults;
  const late = margin.realSeconds + 2 * answer.realSeconds;
  return Math.ceil(lagSeconds + late * Math.max(1, speed));
}

/** A source of the layout as the controller sees it. */
export function controlledSource(source: Source): ControlledSource {
  const { id, maxFlowLitresPerMinute, pressure, tank, filter } = source;
  return {
    ...{ id, maxFlowLitresPerMinute, gapSeconds: source.gapSeconds ?? 5, together: source.together ?? null },
    pump: controlledPart(source.pump),
    masterValve: controlledPart(source.masterValve),
    flushValve: controlledPart(filter && { valve: filter.valve }),
    filter: filter
      ? {
          ...{ everyLitres: filter.everyLitres ?? null, difference: filter.difference ?? null },
          ...{ flushSeconds: filter.flushSeconds ?? 60, minMinutes: filter.minMinutes ?? 30 },
          tries: filter.tries ?? 3,
        }
      : null,
    pressure: pressure
      ? { minKilopascals: pressure.minKilopascals, maxKilopascals: pressure.maxKilopascals }
      : null,
    tank: tank
      ? {
          ...{ stopPercent: tank.stopPercent, resumePercent: tank.resumePercent },
          ...{ maxAgeSeconds: tank.maxAgeSeconds ?? 900, dryStopsADay: tank.dryStopsADay ?? 3 },
        }
      : null,
  };
}

function controlledPart(part: SourcePart | undefined): ControlledPart | null {
  if (part === undefined) return null;
  const valve = partValve(part);
  const { isRearmed, longestSeconds, cutOffSeconds } = actuatorOf(valve);
  return {
    ...{ valve: valveName(valve), foreign: typeof valve !== 'string', isRearmed, longestSeconds },
    ...{
      leadSeconds: part.leadSeconds ?? USUAL_LEAD_SECONDS,
      lagSeconds: part.lagSeconds ?? USUAL_LAG_SECONDS,
    },
    stepSeconds: cutOffSeconds(1),
  };
}

export interface DrivenZone {
  readonly zone: WateredZone;
  readonly actuator: Actuator;
}

/** By zone. */
export function drivenZones(zones: readonly Zone[]): ReadonlyMap<string, DrivenZone> {
  return new Map(
    zones.filter(isWatered).map((zone) => [zone.id, { zone, actuator: actuatorOf(zone.valve) }] as const),
  );
}

/** Whether two layouts of a zone drive one and the same valve in one and the same way. */
export function isSameValve(one: WateredZone | undefined, other: WateredZone | undefined): boolean {
  return JSON.stringify(one?.valve) === JSON.stringify(other?.valve);
}
