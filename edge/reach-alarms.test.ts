import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchReach } from './reach-alarms.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function rig() {
  const standing = new Map<string, unknown>();
  const watch = watchReach({
    raise: (source, _severity, reason) => void standing.set(`${source} ${reason.key}`, reason.figures),
    clear: (source, key) => void standing.delete(`${source} ${key}`),
  });
  const on = (problem: Parameters<typeof watch.on>[0]['problem']) =>
    watch.on({ url: 'mqtt://farm:1883', connected: problem === null, sinceMs: 0, problem, detail: '' });
  return { standing, on, stop: () => watch.stop() };
}

it('raises an alarm when the broker stays away for half a minute, and clears it when it is back', () => {
  const { standing, on } = rig();
  on('starting');
  vi.advanceTimersByTime(20_000);
  on('unreachable');
  vi.advanceTimersByTime(9_999);
  expect([...standing.keys()]).toEqual([]);
  vi.advanceTimersByTime(1);
  expect([...standing]).toEqual([['broker external_broker_unreachable', { url: 'mqtt://farm:1883' }]]);
  on(null);
  expect([...standing.keys()]).toEqual([]);
});

it('says nothing of one that is back by then', () => {
  const { standing, on } = rig();
  on('closed');
  vi.advanceTimersByTime(20_000);
  on(null);
  vi.advanceTimersByTime(60_000);
  expect([...standing.keys()]).toEqual([]);
});

it('tells what keeps it away now, and no longer what did before', () => {
  const { standing, on, stop } = rig();
  on('unreachable');
  vi.advanceTimersByTime(30_000);
  on('login_refused');
  expect([...standing.keys()]).toEqual(['broker external_broker_login_refused']);
  stop();
});
