import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { whenOnline } from './online.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', new EventTarget());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('calls when the phone is online, once more when something gets through, and no more after stopping', () => {
  const call = vi.fn();
  const stop = whenOnline(call);
  window.dispatchEvent(new Event('online'));
  expect(call).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(call).toHaveBeenCalledTimes(2);
  window.dispatchEvent(new Event('online'));
  stop();
  window.dispatchEvent(new Event('online'));
  vi.advanceTimersByTime(60_000);
  expect(call).toHaveBeenCalledTimes(3);
});
