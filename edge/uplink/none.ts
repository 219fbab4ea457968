import type { UplinkState } from './uplink.ts';

/** Of a farm that has no cloud. */
export const noUplinkState: UplinkState = {
  ...{ connected: false, durableUpTo: 0, behindEntries: 0, lagging: false, oldestWaitingAtMs: null },
  ...{ entriesPerSecond: null, secondsLeft: null, lastRefusal: null },
};
