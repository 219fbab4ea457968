import type { Reach } from '@nongtin/broker';
import type { Alarms } from './alarms/alarms.ts';

const SOURCE = 'broker';
/** A restart of the broker, or a cable that is plugged in again, is no alarm. */
const GRACE_MS = 30_000;

const KEYS: Readonly<Record<NonNullable<Reach['problem']>, string>> = {
  starting: 'external_broker_unreachable',
  unreachable: 'external_broker_unreachable',
  silent: 'external_broker_unreachable',
  closed: 'external_broker_unreachable',
  not_durable: 'external_broker_unreachable',
  login_refused: 'external_broker_login_refused',
  certificate: 'external_broker_certificate',
  not_mqtt: 'external_broker_not_mqtt',
  filter_refused: 'external_broker_not_mqtt',
};

/** An alarm while the broker elsewhere is not reached, which says what keeps it away; without it the farm is not heard. */
export function watchReach(
  alarms: Pick<Alarms, 'raise' | 'clear'>,
  graceMs = GRACE_MS,
): { on(reach: Reach): void; stop(): void } {
  let last: Reach | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isRaised = false;
  const show = () => {
    isRaised = true;
    const current = KEYS[last?.problem ?? 'starting'];
    for (const key of new Set(Object.values(KEYS))) if (key !== current) alarms.clear(SOURCE, key);
    alarms.raise(SOURCE, 'critical', { key: current, figures: { url: last?.url ?? '' } });
  };
  return {
    on(reach) {
      last = reach;
      if (reach.connected) {
        clearTimeout(timer);
        timer = undefined;
        isRaised = false;
        // Also what an earlier start has left standing.
        for (const key of new Set(Object.values(KEYS))) alarms.clear(SOURCE, key);
      } else if (isRaised) show();
      else timer ??= setTimeout(show, graceMs);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
