import { describe, expect, it } from 'vitest';
import { actuatorOf } from '../../actuators/index.ts';
import type { Zone } from '../../farm/layout.ts';
import { farm, keys, lastAnswer, open, phase, stage, watch, zones } from './farm.suite.ts';

const long = zones.map((zone): Zone => ({ ...zone, maxRunSeconds: 7200, leaseSeconds: 7200 }));

const plug = { family: 'zigbee2mqtt', device: 'z2m.plug', flowMeter: null } as const;
const inMinutes = { ...plug, onTimeUnitSeconds: 60 } as const;

describe('the lease of a pump', () => {
  it('ends before the valve’s, however the gateway dies', () => {
    const rig = farm();
    open(rig, 'a1', 1500);
    rig.pass(700);
    rig.crash();
    const seen = watch(rig, 1200);
    expect([seen[0], seen.length]).toEqual(['pump-1 off', 3]);
  });

  it.each([
    ['renewed with it', zones],
    ['opened for the whole run', long],
  ])('ends before the master valve’s and that of a valve that is %s, at every moment', (_how, own) => {
    const rig = farm({}, own);
    const [pump, ...others] = ['pump-1', 'master-1', 'valve-a1'].map((name) => rig.device(name));
    open(rig, 'a1', 1700);
    let soonestMs = Number.POSITIVE_INFINITY;
    rig.pass(1600, () => {
      if (pump?.isOn) soonestMs = Math.min(soonestMs, ...others.map(({ endsMs }) => endsMs - pump.endsMs));
    });
    expect(soonestMs).toBeGreaterThan(0);
    expect(soonestMs).toBeLessThan(60_000);
  });

  it('does so, too, where its timer counts in minutes', () => {
    const rig = farm({ pump: { valve: inMinutes } });
    rig.pass(70);
    const plug = rig.device('z2m.plug');
    open(rig, 'a1', 300);
    while (!plug.isOn) rig.pass(0.25);
    const asked = (plug.endsMs - rig.nowMs) / 1000;
    plug.endsMs = rig.nowMs + actuatorOf(inMinutes).cutOffSeconds(Math.round(asked)) * 1000;
    rig.crash();
    const seen = watch(rig, 1000);
    expect([seen[0], seen.length]).toEqual(['z2m.plug off', 3]);
  });

  it('is not begun where it would be shorter than the pump can run', () => {
    const rig = farm({ pump: { valve: inMinutes } });
    rig.pass(70);
    open(rig, 'a1', 30);
    expect(watch(rig, 100)).toEqual(['valve-a1 on', 'valve-a1 off']);
  });
});

describe('a pump that cannot be reached after a restart', () => {
  it.each([
    ['renewed', 'pump-1', farm()],
    ['given the whole time at once', 'z2m.plug', farm({ pump: { valve: plug } }, long)],
  ])('and is %s runs on behind the valves of its run, and stops before they close', (_how, pump, rig) => {
    rig.pass(70);
    open(rig, 'a1', rig.options.zones[0]?.maxRunSeconds === 7200 ? 6000 : 1700);
    rig.pass(100);
    rig.silence(pump, 20_000);
    rig.crash();
    rig.pass(2);
    rig.boot();
    expect(watch(rig, 500)).toEqual([]);
    expect([keys(rig), stage(rig)]).toEqual([['source_silent'], 'unknown']);
    open(rig, 'a2');
    expect(lastAnswer(rig)).toMatchObject({ accepted: false, reason: { key: 'source_unconfirmed' } });
    expect(watch(rig, 7000)).toEqual([`${pump} off`, expect.any(String), expect.any(String)]);
    expect([keys(rig), stage(rig), phase(rig, 'a1')]).toEqual([['source_silent'], 'resting', 'idle']);
    rig.silence(pump, 0);
    rig.pass(70);
    expect(keys(rig), 'until it is heard').toEqual([]);
  });

  it('and whose run is over finds everything closed at once', () => {
    const rig = farm();
    open(rig, 'a1', 120);
    rig.pass(30);
    rig.crash();
    rig.pass(400);
    rig.silence('pump-1', 10_000);
    for (const name of ['valve-a1', 'master-1'])
      Object.assign(rig.device(name), { isOn: true, endsMs: Number.POSITIVE_INFINITY });
    rig.boot();
    expect(watch(rig, 5).sort()).toEqual(['master-1 off', 'valve-a1 off']);
  });

  it('is told from one that answers, though it names no command: that is not silent', () => {
    const rig = farm({ pump: { valve: { family: 'tasmota', device: 'box', flowMeter: null } } });
    // It speaks only when it is told something.
    rig.device('box').nextReportMs = Number.POSITIVE_INFINITY;
    rig.pass(100);
    expect([stage(rig), rig.actions.filter(({ kind }) => kind === 'raise_alarm')]).toEqual(['resting', []]);
  });

  it('lets a person close the valve all the same', () => {
    const rig = farm();
    open(rig, 'a1');
    rig.pass(30);
    rig.silence('pump-1', 10_000);
    rig.crash();
    rig.boot();
    rig.pass(10);
    rig.send({ kind: 'stop', zone: 'a1', requestId: 's', now: rig.now });
    expect(watch(rig, 3)).toEqual(['valve-a1 off']);
  });
});
