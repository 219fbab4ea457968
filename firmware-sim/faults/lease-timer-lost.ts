import { fault, NoOptions } from './fault.ts';

export const leaseTimerLost = fault({
  target: 'output',
  does: 'does not close by itself any more; it still closes when it is told',
  options: NoOptions,
  begin: ({ conditions }, device) => conditions(device).timerLost.add(true),
});
