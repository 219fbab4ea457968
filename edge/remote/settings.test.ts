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

describe('settings changed from afar', () => {
  it('hold at once and after a restart, and say who wanted them', async () => {
    const command = farm.command({
      ...{
        kind: 'change_program',
        zone: 'a1',
        openBelowFraction: 0.22,
        targetFraction: 0.3,
        runSeconds: 300,
      },
    });
    await farm.deliver(command);
    const after = { openBelowFraction: 0.22, targetFraction: 0.3, runSeconds: 300, maxRunSeconds: 1800 };
    const before = { openBelowFraction: 0.2, targetFraction: 0.25, runSeconds: 600, maxRunSeconds: 1800 };
    expect(farm.lastWord(command.id)).toMatchObject({ step: 'finished', before, after });
    expect(farm.irrigation.settings('a1')).toEqual({ ...after, changed: { by: 'Chị Ba', atMs: farm.utcMs } });
    expect(farm.irrigation.settings('a2')?.changed).toBeNull();
    await farm.restart();
    expect(farm.irrigation.settings('a1')).toMatchObject(after);
    expect(farm.records('zone_settings')).toMatchObject([{ before, after, changedBy: 'Chị Ba' }]);
  });

  it('bind what waters by itself and what people ask for', async () => {
    await farm.deliver(farm.command({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 60 }));
    expect(farm.irrigation.settings('a1')).toMatchObject({ maxRunSeconds: 60, runSeconds: 60 });
    const asked = await farm.irrigation.request('a1', { kind: 'open', durationSeconds: 61 });
    expect(asked).toMatchObject({ accepted: false, reason: { key: 'duration_above_limit' } });
  });

  it('never lift the limit that the farm has set', async () => {
    const limit = farm.command({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 1801 });
    await farm.deliver(limit);
    expect(farm.lastWord(limit.id)).toMatchObject({
      ...{ step: 'refused', reason: { key: 'limit_above_farm', figures: { maxRunSeconds: 1800 } } },
    });
    const program = { zone: 'a1', openBelowFraction: 0.2, targetFraction: 0.25, runSeconds: 1801 };
    const change = farm.command({ kind: 'change_program', ...program });
    await farm.deliver(change);
    expect(farm.lastWord(change.id)).toMatchObject({ reason: { key: 'duration_above_limit' } });
  });

  it('are refused when they contradict themselves', async () => {
    const program = { zone: 'a1', openBelowFraction: 0.3, targetFraction: 0.3, runSeconds: 60 };
    const change = farm.command({ kind: 'change_program', ...program });
    await farm.deliver(change);
    expect(farm.lastWord(change.id)).toMatchObject({ reason: { key: 'target_not_above' } });
    expect(farm.records('zone_settings')).toEqual([]);
  });

  it('are taken back when the disk took them too late', async () => {
    const command = farm.command({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 60 });
    farm.isDiskFast = false;
    await farm.deliver(command);
    await farm.write();
    await farm.wait(60);
    for (let write = 0; write < 4; write++) await farm.write();
    expect(farm.lastWord(command.id)).toMatchObject({ step: 'expired' });
    expect(farm.irrigation.settings('a1')).toMatchObject({ maxRunSeconds: 1800, changed: null });
    farm.isDiskFast = true;
    await farm.restart();
    expect(farm.irrigation.settings('a1')).toMatchObject({ maxRunSeconds: 1800, changed: null });
  });

  it('are told as done after a restart that came before the answer', async () => {
    const command = farm.command({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 60 });
    farm.isDiskFast = false;
    await farm.deliver(command);
    await farm.write();
    await farm.write();
    farm.isDiskFast = true;
    await farm.restart();
    expect(farm.lastWord(command.id)).toMatchObject({ step: 'finished', after: { maxRunSeconds: 60 } });
  });
});
