import { Type } from 'typebox';
import type { Direction, Disturbance } from '../links/disturbed-link.ts';
import { named, together, type Victims } from './fault.ts';

/** Which messages: what the devices say, what they are told, or both. */
export const Way = Type.Optional(Type.Enum(['from_device', 'to_device', 'both']));

/** Disturbs the messages of one device or of all. */
export function disturb(
  victims: Victims,
  target: string,
  way: Direction | 'both',
  disturbance: () => readonly number[],
): () => void {
  const onWay: Disturbance = (direction) => (way === 'both' || way === direction ? disturbance() : [0]);
  const stations = new Set(named(victims, target).map((device) => victims.station(device)));
  return together([...stations].map((station) => station.disturbances.add(onWay)));
}
