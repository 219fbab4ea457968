import { later, type Outcome, refused } from '../channels/channel.ts';

/**
 * +CMS ERROR codes (3GPP TS 27.005, 3.2.5; 1 to 127 are the network's causes of TS 24.011, annex E-2) after which the
 * same message to the same number fails again.
 */
const FOR_EVER = new Set([1, 8, 10, 21, 28, 29, 30, 50, 69, 95, 96, 97, 111, 302, 303, 304, 305]);
const SIM_MISSING = new Set([310]);
const SIM_LOCKED = new Set([311, 312, 316, 317, 318]);
const NO_NETWORK = new Set([38, 41, 42, 47, 331, 332]);

/** What a modem's error means for a message. */
export function cmsOutcome(code: number): Outcome {
  if (FOR_EVER.has(code)) return refused('notice_sms_refused', { code });
  if (SIM_MISSING.has(code)) return later('notice_sim_missing');
  if (SIM_LOCKED.has(code)) return later('notice_sim_locked');
  if (NO_NETWORK.has(code)) return later('notice_no_network', { code });
  return later('notice_sms_failed', { code });
}
