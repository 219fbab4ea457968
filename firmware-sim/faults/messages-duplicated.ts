import { Type } from 'typebox';
import { disturb, Way } from './disturb.ts';
import { fault, Seconds, Share } from './fault.ts';

export const messagesDuplicated = fault({
  target: 'devices',
  does: 'this share of the messages arrives once more, `afterSeconds` (2) later',
  options: Type.Object({ rate: Share, afterSeconds: Type.Optional(Seconds), way: Way }),
  begin: (victims, target, { rate, afterSeconds = 2, way = 'both' }) =>
    disturb(victims, target, way, () => (victims.random() < rate ? [0, afterSeconds] : [0])),
});
