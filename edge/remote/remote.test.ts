import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commandId, fakeTimers, RemoteFarm } from './remote.suite.ts';

let farm: RemoteFarm;
beforeEach(async () => {
  fakeTimers();
  farm = await new RemoteFarm().started();
});
afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

describe('a zone that is started from afar', () => {
  it('is watered by the same way as by hand, and answered with what was measured', async () => {
    const command = farm.start_zone();
    await farm.deliver(command);
    expect(farm.steps(command.id)).toEqual(['accepted']);
    await farm.report();
    expect(farm.said.at(-1)).toMatchObject({ step: 'started', flowLitresPerMinute: 38 });
    await farm.wait(120);
    await farm.leaseEnds();
    expect(farm.lastWord(command.id)).toEqual({
      ...{ commandId: command.id, step: 'finished', atMs: farm.utcMs },
      water: { runs: 1, plannedLitres: 76, measuredLitres: 76, actualSeconds: 120, ended: 'completed' },
    });
    const figures = { by: 'Chị Ba', commandId: command.id, durationSeconds: 120 };
    expect(farm.records('run').at(-1)).toMatchObject({ reason: { key: 'remote_request', figures } });
  });

  it('stands in the journal before its intent, and each step of it after', async () => {
    const command = farm.start_zone();
    await farm.deliver(command);
    await farm.report();
    await farm.wait(120);
    await farm.leaseEnds();
    const kinds = farm.disk.map((record) => (record.kind === 'remote_outcome' ? record.step : record.kind));
    expect(kinds).toEqual(['remote_command', 'intent', 'accepted', 'started', 'run', 'finished']);
  });

  it('opens nothing before its id is on the disk', async () => {
    farm.isDiskFast = false;
    await farm.deliver(farm.start_zone());
    expect(farm.zone().phase.name).toBe('idle');
    await farm.write();
    expect(farm.zone().phase.name).toBe('opening');
    expect(farm.opened).toEqual([]);
    await farm.write();
    expect(farm.opened).toHaveLength(1);
  });

  it('is executed once, however often the command comes, and answered each time with its last word', async () => {
    const command = farm.start_zone();
    for (let time = 0; time < 10; time++) await farm.deliver(command);
    await farm.report();
    await farm.wait(120);
    await farm.leaseEnds();
    for (let time = 0; time < 10; time++) await farm.deliver(command);
    await farm.restart();
    await farm.report();
    for (let time = 0; time < 10; time++) await farm.deliver(command);
    expect(farm.executions().get(command.id)?.size).toBe(1);
    expect(farm.steps(command.id).slice(-20)).toEqual(Array(20).fill('finished'));
    expect(farm.records('remote_command')).toHaveLength(1);
    expect(farm.records('remote_outcome')).toHaveLength(3);
  });

  it('answers an opening without water with what the meter says', async () => {
    farm.flows('a1', 0);
    const command = farm.start_zone();
    await farm.deliver(command);
    await farm.report();
    await farm.wait(31);
    await farm.report();
    await farm.report();
    expect(farm.steps(command.id)).toEqual(['accepted', 'finished']);
    expect(farm.lastWord(command.id)).toMatchObject({ water: { ended: 'no_flow', measuredLitres: 0 } });
    expect(farm.zone().phase.name).toBe('locked');
    const next = farm.start_zone();
    await farm.deliver(next);
    expect(farm.lastWord(next.id)).toMatchObject({
      ...{ step: 'refused', reason: { key: 'zone_locked', figures: { cause: 'no_flow' } } },
    });
  });

  it('never lasts longer than the zone’s limit', async () => {
    const command = farm.start_zone({ durationSeconds: 1801 });
    await farm.deliver(command);
    expect(farm.lastWord(command.id)).toMatchObject({
      ...{ step: 'refused', reason: { key: 'duration_above_limit', figures: { maxRunSeconds: 1800 } } },
    });
  });
});

describe('a command that is too late', () => {
  it('is expired when it arrives so', async () => {
    const command = farm.start_zone();
    await farm.wait(60);
    await farm.deliver(command);
    expect(farm.lastWord(command.id)).toMatchObject({ step: 'expired', reason: { key: 'command_expired' } });
    expect(farm.opened).toEqual([]);
  });

  it('is expired when the disk took too long to keep its id', async () => {
    const command = farm.start_zone();
    farm.isDiskFast = false;
    await farm.deliver(command);
    await farm.wait(60);
    await farm.write();
    await farm.write();
    expect(farm.lastWord(command.id)).toMatchObject({ step: 'expired' });
    expect(farm.opened).toEqual([]);
  });

  it('is expired when the disk took too long to keep the opening’s intent', async () => {
    const command = farm.start_zone({ expiresAtMs: farm.utcMs + 10_000 });
    farm.isDiskFast = false;
    await farm.deliver(command);
    await farm.write();
    expect(farm.zone().phase.name).toBe('opening');
    await farm.wait(11);
    await farm.write();
    await farm.report();
    await farm.write();
    await farm.write();
    expect(farm.opened).toEqual([]);
    expect(farm.lastWord(command.id)).toMatchObject({
      ...{ step: 'expired', water: { measuredLitres: 0, ended: 'expired' } },
    });
  });

  it('is not sent again to a valve that has not answered in time', async () => {
    const command = farm.start_zone({ expiresAtMs: farm.utcMs + 10_000 });
    await farm.deliver(command);
    expect(farm.opened).toHaveLength(1);
    await farm.wait(30);
    expect(farm.opened).toHaveLength(1);
    await farm.report();
    expect(farm.lastWord(command.id)).toMatchObject({ water: { ended: 'no_answer' } });
  });

  it('is judged on the clock that does not jump, once it has been taken', async () => {
    const command = farm.start_zone({ expiresAtMs: farm.utcMs + 10_000 });
    farm.isDiskFast = false;
    await farm.deliver(command);
    await farm.write();
    await farm.wait(11);
    farm.clock.offMs = -3_600_000;
    await farm.write();
    expect(farm.opened).toEqual([]);
  });

  it('is refused when its expiry is further away than any may be', async () => {
    const command = farm.start_zone({ expiresAtMs: farm.utcMs + 3_600_000 });
    await farm.deliver(command);
    expect(farm.lastWord(command.id)).toMatchObject({ step: 'refused', reason: { key: 'expiry_too_far' } });
  });
});

describe('without a certain time', () => {
  it('nothing is begun or changed, and stops are carried out', async () => {
    farm.clock.trusted = false;
    const start = farm.start_zone();
    await farm.deliver(start);
    expect(farm.lastWord(start.id)).toMatchObject({ step: 'refused', reason: { key: 'clock_uncertain' } });
    const limit = farm.command({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 60 });
    await farm.deliver(limit);
    expect(farm.lastWord(limit.id)).toMatchObject({ reason: { key: 'clock_uncertain' } });
    const stop = farm.command({ kind: 'stop_zone', zone: 'a1' });
    await farm.deliver({ ...stop, expiresAtMs: 1 });
    expect(farm.lastWord(stop.id)).toMatchObject({ step: 'finished', reason: { key: 'already_closed' } });
  });
});

describe('a restart of the gateway', () => {
  it('between the command and the opening leaves it undone for ever', async () => {
    const command = farm.start_zone();
    farm.isDiskFast = false;
    await farm.deliver(command);
    await farm.write();
    farm.isDiskFast = true;
    await farm.restart();
    await farm.report();
    expect(farm.lastWord(command.id)).toMatchObject({
      ...{ step: 'interrupted', reason: { key: 'gateway_restarted' } },
    });
    await farm.deliver(command);
    await farm.wait(1);
    expect(farm.opened).toEqual([]);
  });

  it('during the run is answered with what the meter counted, once it is asked', async () => {
    const command = farm.start_zone();
    await farm.deliver(command);
    await farm.report();
    await farm.wait(60);
    await farm.restart();
    expect(farm.lastWord(command.id)).toBeUndefined();
    await farm.report();
    await farm.wait(0);
    expect(farm.lastWord(command.id)).toMatchObject({
      ...{ step: 'interrupted', water: { measuredLitres: 38, ended: 'interrupted' } },
    });
    await farm.deliver(command);
    expect(farm.executions().get(command.id)?.size).toBe(1);
  });

  it('after the run and before its answer gives the answer', async () => {
    const command = farm.start_zone();
    await farm.deliver(command);
    await farm.report();
    await farm.wait(120);
    farm.isDiskFast = false;
    await farm.leaseEnds();
    await farm.write();
    farm.isDiskFast = true;
    await farm.restart();
    expect(farm.lastWord(command.id)).toMatchObject({ step: 'finished', water: { measuredLitres: 76 } });
  });
});

describe('a start of the gateway', () => {
  it('is settled when every valve has answered', async () => {
    await farm.restart();
    await farm.report(['a1', 'a2']);
    expect(farm.remote.isSettled()).toBe(false);
    await farm.report(['a3']);
    expect(farm.remote.isSettled()).toBe(true);
  });

  it('waits half a minute for a valve that is silent', async () => {
    await farm.restart();
    await farm.report(['a1', 'a2']);
    await farm.wait(29);
    expect(farm.remote.isSettled()).toBe(false);
    await farm.wait(1);
    expect(farm.remote.isSettled()).toBe(true);
  });
});

describe('stopping from afar', () => {
  it('ends a run and tells what has flowed', async () => {
    await farm.deliver(farm.start_zone());
    await farm.report();
    await farm.wait(60);
    const stop = farm.command({ kind: 'stop_zone', zone: 'a1' });
    await farm.deliver(stop);
    expect(farm.steps(stop.id)).toEqual(['accepted']);
    await farm.report();
    expect(farm.lastWord(stop.id)).toMatchObject({
      ...{ step: 'finished', water: { runs: 1, measuredLitres: 38, ended: 'stopped' } },
    });
  });

  it('of all zones closes every one, and adds up their runs', async () => {
    await farm.deliver(farm.start_zone());
    await farm.deliver(farm.start_zone({ zone: 'a2' }));
    await farm.report();
    await farm.wait(60);
    const stop = farm.command({ kind: 'stop_all' });
    farm.closed.length = 0;
    await farm.deliver(stop);
    expect(new Set(farm.closed)).toEqual(new Set(['a1', 'a2', 'a3']));
    await farm.report();
    expect(farm.lastWord(stop.id)).toMatchObject({
      step: 'finished',
      water: { runs: 2, measuredLitres: 76 },
    });
  });

  it('waits for no disk', async () => {
    await farm.deliver(farm.start_zone());
    await farm.report();
    farm.isDiskFast = false;
    farm.isDiskHealthy = false;
    farm.closed.length = 0;
    await farm.deliver(farm.command({ kind: 'stop_zone', zone: 'a1' }));
    await farm.wait(1);
    expect(farm.closed).toContain('a1');
  });

  it('is done once: one that comes again leaves a later run alone', async () => {
    const stop = farm.command({ kind: 'stop_zone', zone: 'a1' });
    await farm.deliver(stop);
    await farm.deliver(farm.start_zone());
    await farm.report();
    await farm.deliver(stop);
    expect(farm.zone().phase.name).toBe('running');
  });

  it('of a zone that is not there is refused', async () => {
    const stop = farm.command({ kind: 'stop_zone', zone: 'z9' });
    await farm.deliver(stop);
    expect(farm.lastWord(stop.id)).toMatchObject({ step: 'refused', reason: { key: 'unknown_zone' } });
  });
});

describe('rubbish and floods', () => {
  it.each(['', '{', '[]', 'null', '{"id":5}', `{"id":"${'x'.repeat(5_000)}"}`])(
    'passes over %.20s',
    async (text) => {
      await farm.deliver(text);
      expect(farm.said).toEqual([]);
      expect(farm.disk).toEqual([]);
    },
  );

  it('refuses by its id what it cannot understand', async () => {
    const wrong = { ...farm.start_zone(), durationSeconds: '120' };
    await farm.deliver(JSON.stringify(wrong));
    await farm.deliver(JSON.stringify({ ...farm.start_zone(), untilFullMoon: true }));
    const refused = { step: 'refused', reason: { key: 'command_not_understood' } };
    expect(farm.said).toMatchObject([{ commandId: commandId(1), ...refused }, refused]);
    expect(farm.opened).toEqual([]);
  });

  it('takes so many an hour and no more, and a stop besides', async () => {
    for (let time = 0; time < 30; time++)
      await farm.deliver(farm.command({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 60 + time }));
    expect(farm.said.filter(({ reason }) => reason?.key === 'too_many_commands')).toHaveLength(10);
    expect(farm.records('remote_command')).toHaveLength(20);
    const stop = farm.command({ kind: 'stop_all' });
    await farm.deliver(stop);
    expect(farm.lastWord(stop.id)).toMatchObject({ step: 'finished' });
    await farm.wait(60);
    await farm.deliver(farm.command({ kind: 'set_limit', zone: 'a1', maxRunSeconds: 50 }));
    expect(farm.said.at(-1)).toMatchObject({ step: 'finished' });
  });

  it('does nothing later that the journal could not keep now', async () => {
    farm.isDiskHealthy = false;
    farm.isDiskFast = false;
    const start = farm.start_zone();
    await farm.deliver(start);
    expect(farm.lastWord(start.id)).toMatchObject({
      step: 'refused',
      reason: { key: 'journal_unavailable' },
    });
    farm.isDiskHealthy = true;
    await farm.write();
    await farm.write();
    expect(farm.opened).toEqual([]);
  });
});
