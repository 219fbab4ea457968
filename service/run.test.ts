import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StartProblem } from './problem.ts';
import { type Process, runService, type Service } from './run.ts';

/** A process that writes down what is done to it. */
class Host implements Process {
  readonly env = { NONGTIN_LOG_LEVEL: 'silent' };
  readonly stdout = {};
  readonly printed: string[] = [];
  readonly stderr = { write: (text: string) => this.printed.push(text) };
  readonly #listeners = new Map<string, () => void>();
  readonly exited = Promise.withResolvers<number>();
  once(event: string, listener: () => void) {
    this.#listeners.set(event, listener);
  }
  exit(code: number) {
    this.exited.resolve(code);
  }
  signal(name: 'SIGINT' | 'SIGTERM') {
    this.#listeners.get(name)?.();
  }
}

const quiet: Service = { start: async () => {}, stop: async () => {} };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it.each(['SIGINT', 'SIGTERM'] as const)('stops in order and ends with 0 on %s', async (name) => {
  const host = new Host();
  const steps: string[] = [];
  const started = Promise.withResolvers<void>();
  const service: Service = {
    start: async () => {
      steps.push('start');
      started.resolve();
    },
    stop: async () => void steps.push('stop'),
  };
  const run = runService('test', () => service, host);
  await started.promise;
  host.signal(name);
  await run;
  expect(await host.exited.promise).toBe(0);
  expect(steps).toEqual(['start', 'stop']);
});

it('stops a service that comes to its own end, and ends with its code', async () => {
  const host = new Host();
  const stop = vi.fn(async () => {});
  await runService('test', () => ({ ...quiet, stop, ended: Promise.resolve(3) }), host);
  expect(await host.exited.promise).toBe(3);
  expect(stop).toHaveBeenCalledTimes(1);
});

it('prints a problem as its one sentence and ends with 1', async () => {
  const host = new Host();
  const start = () => Promise.reject(new StartProblem('Port 1 is taken: take 2.'));
  await runService('gateway', () => ({ ...quiet, start }), host);
  expect(await host.exited.promise).toBe(1);
  expect(host.printed).toEqual(['gateway: Port 1 is taken: take 2.\n']);
});

it('ends with 1, without a sentence, when the fault is ours', async () => {
  const host = new Host();
  await runService('gateway', () => Promise.reject(new TypeError('a bug')), host);
  expect(await host.exited.promise).toBe(1);
  expect(host.printed).toEqual([]);
});

it('ends with 1 when stopping takes more than five seconds', async () => {
  const host = new Host();
  const stopping = Promise.withResolvers<void>();
  const stop = () => {
    stopping.resolve();
    return new Promise<void>(() => {});
  };
  const built = Promise.withResolvers<void>();
  const start = async () => built.resolve();
  void runService('slow', () => ({ start, stop }), host);
  await built.promise;
  host.signal('SIGTERM');
  await stopping.promise;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await host.exited.promise).toBe(1);
});
