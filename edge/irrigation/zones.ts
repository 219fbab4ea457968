import type { Reason } from '@nongtin/broker/wire';
import { type Actuator, actuatorOf } from '../actuators/index.ts';
import { isWatered, valveName, type WateredZone, type Zone } from '../farm/layout.ts';
import type { ControlledZone } from './controller/config.ts';

/** How long a wet test leaves a valve open: long enough for its meter, short enough to stand beside it. */
const TEST_SECONDS = 10;

interface Standing {
  /** Farm seconds in one real second: people stand beside a valve in real ones. */
  readonly speed: number;
  readonly readOnly: Reason | null;
  readonly isHeld?: boolean;
  readonly hasProgram?: boolean;
}

/** A zone of the layout as the controller sees it. */
export function controlledZone(
  zone: WateredZone,
  { speed, readOnly, isHeld = false, hasProgram = false }: Standing,
): ControlledZone {
  const { valve } = zone;
  const actuator = actuatorOf(valve);
  const leaseSeconds = Math.min(Math.ceil(TEST_SECONDS * speed), zone.maxRunSeconds);
  const test = { leaseSeconds, cutOffSeconds: actuator.cutOffSeconds(leaseSeconds) };
  const leases = { leaseSeconds: longestLease(zone, actuator), test };
  const shared = { ...zone, valve: valveName(valve), readOnly, isHeld, hasProgram, ...leases };
  if (typeof valve === 'string')
    return { ...shared, foreign: false, meter: valveName(valve), isUnmetered: false };
  const { flowMeter } = valve;
  const seconds = valve.answerSeconds ?? actuator.answerSeconds;
  const answer = seconds === undefined ? undefined : { farmSeconds: seconds, realSeconds: seconds };
  const meter = flowMeter === null ? valveName(valve) : `${flowMeter.device}\n${flowMeter.channel ?? ''}`;
  return { ...shared, foreign: true, answer, meter, isUnmetered: flowMeter === null };
}

/** One opening lasts this long where the zone states nothing else; a longer run renews it. */
const LEASE_SECONDS = 900;

/**
 * The longest single opening. Where another opening does not begin the valve's time anew, or would come too late, it is the whole
 * run: then the duration in the opening is all there is.
 */
function longestLease(
  { leaseSeconds = LEASE_SECONDS, maxRunSeconds, valve }: WateredZone,
  actuator: Actuator,
): number {
  const answer = (typeof valve === 'string' ? undefined : valve.answerSeconds) ?? actuator.answerSeconds ?? 0;
  const isRenewable = actuator.isRearmed && answer * 4 <= leaseSeconds;
  return isRenewable ? Math.min(leaseSeconds, maxRunSeconds) : maxRunSeconds;
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
