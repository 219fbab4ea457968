import type { Family } from '../devices/unit.ts';
import { nongtin } from './nongtin.ts';

/** One line a family of valves and relays. */
export const families: Readonly<Record<string, Family>> = {
  nongtin,
};
