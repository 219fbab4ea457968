import type { Uplink } from './uplink.ts';

/** The uplink of a farm that has no cloud. */
export const noUplink: Pick<Uplink, 'state' | 'attach'> = {
  state: () => ({
    ...{ connected: false, durableUpTo: 0, behindEntries: 0, oldestWaitingAtMs: null },
    ...{ entriesPerSecond: null, secondsLeft: null, lastRefusal: null },
  }),
  attach: () => {},
};
