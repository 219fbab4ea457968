import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeTimers, RemoteFarm } from './remote.suite.ts';

let farm: RemoteFarm;
beforeEach(async () => {
  fakeTimers();
  farm = await new RemoteFarm().started();
});
afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

async function openByHand(): Promise<void> {
  await farm.irrigation.request('a1', { kind: 'open', durationSeconds: 10 });
  await farm.report();
  await farm.wait(10);
  await farm.leaseEnds();
  await farm.wait(120);
}

describe('people at the farm', () => {
  it('come first: what one has stopped by hand is not opened from afar for a while', async () => {
    await farm.irrigation.request('a1', { kind: 'stop' });
    await farm.report();
    const start = farm.start_zone();
    await farm.deliver(start);
    expect(farm.lastWord(start.id)).toMatchObject({
      ...{ step: 'refused', reason: { key: 'stopped_by_hand', figures: { handsOffSeconds: 900 } } },
    });
    await farm.wait(900);
    await farm.deliver(farm.start_zone());
    expect(farm.zone().phase.name).toBe('opening');
  });

  it('end the wait by opening it themselves', async () => {
    await farm.irrigation.request('a1', { kind: 'stop' });
    await openByHand();
    await farm.deliver(farm.start_zone());
    expect(farm.zone().phase.name).toBe('opening');
  });

  it('come first also when the gateway is killed after the stop; the wait then begins anew', async () => {
    await farm.irrigation.request('a1', { kind: 'stop' });
    await farm.wait(800);
    await farm.restart();
    await farm.report();
    await farm.wait(800);
    const start = farm.start_zone();
    await farm.deliver(start);
    expect(farm.lastWord(start.id)).toMatchObject({ reason: { key: 'stopped_by_hand' } });
    await farm.deliver(farm.start_zone({ zone: 'a2' }));
    expect(farm.zone('a2').phase.name).toBe('opening');
    await farm.wait(100);
    await farm.deliver(farm.start_zone());
    expect(farm.zone().phase.name).toBe('opening');
  });

  it.each([
    ['one of them has opened it since', openByHand],
    ['it is longer ago', () => farm.wait(900)],
  ])('are not waited for after a restart when %s', async (_why, happens) => {
    await farm.irrigation.request('a1', { kind: 'stop' });
    await happens();
    await farm.restart();
    await farm.report();
    await farm.deliver(farm.start_zone());
    expect(farm.zone().phase.name).toBe('opening');
  });

  it('are waited for when the clock went back with the restart', async () => {
    await farm.irrigation.request('a1', { kind: 'stop' });
    farm.clock.offMs = -86_400_000;
    await farm.restart();
    await farm.report();
    farm.clock.offMs = 0;
    const start = farm.start_zone();
    await farm.deliver(start);
    expect(farm.lastWord(start.id)).toMatchObject({ reason: { key: 'stopped_by_hand' } });
  });

  it('can switch commands from afar off', async () => {
    farm.isAllowed = false;
    await farm.restart();
    const start = farm.start_zone();
    await farm.deliver(start);
    expect(farm.lastWord(start.id)).toMatchObject({ reason: { key: 'remote_switched_off' } });
    expect(farm.disk).toEqual([]);
  });
});
