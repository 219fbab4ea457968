import { Type } from 'typebox';
import { disturb, Way } from './disturb.ts';
import { fault, Seconds } from './fault.ts';

export const messagesLate = fault({
  target: 'devices',
  does: 'messages arrive so many seconds late, and up to `spreadSeconds` more, so that they may overtake each other',
  options: Type.Object({ seconds: Seconds, spreadSeconds: Type.Optional(Seconds), way: Way }),
  begin: (victims, target, { seconds, spreadSeconds = 0, way = 'from_device' }) =>
    disturb(victims, target, way, () => [seconds + spreadSeconds * victims.random()]),
});
