import { dosing } from './dosing.ts';
import { families } from './families.ts';
import { meters } from './meters.ts';
import { network } from './network.ts';
import { pipes } from './pipes.ts';
import { power } from './power.ts';
import type { FarmScenario } from './scenario.ts';
import { seasons } from './seasons.ts';
import { sensors } from './sensors.ts';
import { sources } from './sources.ts';
import { wishes } from './wishes.ts';

/** All of them, group by group. */
export const groups: Readonly<Record<string, readonly FarmScenario[]>> = {
  wishes,
  pipes,
  sources,
  meters,
  sensors,
  network,
  power,
  families,
  dosing,
  seasons,
};
