import type { Reason } from '@nongtin/broker/wire';
import { type Actuator, actuatorOf } from '../actuators/index.ts';
import { isWatered, valveName, type WateredZone, type Zone } from '../farm/layout.ts';
import type { ControlledZone } from './controller/types.ts';

/** How long a wet test leaves a valve open: long enough for its meter, short enough to stand beside it. */
const TEST_SECONDS = 10;

interface Standing {
  /** Farm seconds in one real second: people stand beside a valve in real ones. */
  readonly speed: number;
  readonly readOnly: Reason | null;
  readonly isHeld?: boolean;
}

/** A zone of the layout as the controller sees it. */
export function controlledZone(
  zone: WateredZone,
  { speed, readOnly, isHeld = false }: Standing,
): ControlledZone {
  const { valve } = zone;
  const actuator = actuatorOf(valve);
  const leaseSeconds = Math.min(Math.ceil(TEST_SECONDS * speed), zone.maxRunSeconds);
  const test = { leaseSeconds, cutOffSeconds: actuator.cutOffSeconds(leaseSeconds) };
  const shared = { ...zone, valve: valveName(valve), readOnly, isHeld, test };
  if (typeof valve === 'string')
    return { ...shared, foreign: false, meter: valveName(valve), isUnmetered: false };
  const { flowMeter } = valve;
  const seconds = valve.answerSeconds ?? actuator.answerSeconds;
  const answer = seconds === undefined ? undefined : { farmSeconds: seconds, realSeconds: seconds };
  const meter = flowMeter === null ? valveName(valve) : `${flowMeter.device}\n${flowMeter.channel ?? ''}`;
  return { ...shared, foreign: true, answer, meter, isUnmetered: flowMeter === null };
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
