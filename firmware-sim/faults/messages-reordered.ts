import { Type } from 'typebox';
import { disturb, Way } from './disturb.ts';
import { fault, Seconds, Share } from './fault.ts';

export const messagesReordered = fault({
  target: 'devices',
  does: 'this share of the messages is held back for up to so many seconds while others pass',
  options: Type.Object({ rate: Share, withinSeconds: Seconds, way: Way }),
  begin: (victims, target, { rate, withinSeconds, way = 'both' }) =>
    disturb(victims, target, way, () => [victims.random() < rate ? withinSeconds * victims.random() : 0]),
});
