import type { FarmSpec } from '../farm/spec.ts';
import { demo } from './demo.ts';
import { fertigation } from './fertigation.ts';
import { filtered } from './filtered.ts';
import { fourFamilies } from './four-families.ts';
import { twoZones } from './two-zones.ts';

/** Farms that a scenario may name. One line each. */
export const farms: readonly FarmSpec[] = [demo, twoZones, fourFamilies, filtered, fertigation];
