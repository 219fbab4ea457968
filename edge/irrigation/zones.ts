import { type Actuator, actuatorOf } from '../actuators/index.ts';
import { valveName, type Zone } from '../farm/layout.ts';
import type { ControlledZone } from './types.ts';

/** A zone of the layout as the controller sees it. */
export function controlledZone(zone: Zone): ControlledZone {
  const { valve } = zone;
  const name = valveName(valve);
  if (typeof valve === 'string') return { ...zone, valve: name, foreign: false, meter: name };
  const { flowMeter } = valve;
  const seconds = valve.answerSeconds ?? actuatorOf(valve).answerSeconds;
  const answer = seconds === undefined ? undefined : { farmSeconds: seconds, realSeconds: seconds };
  const meter = `${flowMeter.device}\n${flowMeter.channel ?? ''}`;
  return { ...zone, valve: name, foreign: true, answer, meter };
}

export interface DrivenZone {
  readonly zone: Zone;
  readonly actuator: Actuator;
}

/** By zone. */
export function drivenZones(zones: readonly Zone[]): ReadonlyMap<string, DrivenZone> {
  return new Map(zones.map((zone) => [zone.id, { zone, actuator: actuatorOf(zone.valve) }]));
}
