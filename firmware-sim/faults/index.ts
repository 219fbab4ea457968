import type { Fault } from './fault.ts';
import { valveStuckOpen } from './valve-stuck-open.ts';

/** One line a kind of fault: its name in a scenario. */
export const faults: Readonly<Record<string, Fault>> = {
  'valve-stuck-open': valveStuckOpen,
};
