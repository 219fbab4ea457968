import { quality, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import { Health } from './health.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function farm() {
  const clock = { passed: 0, nowMs: () => NOW + clock.passed, monotonicMs: () => 5_000 + clock.passed };
  const health = new Health({ clock });
  const reading = (device: string, metric: Reading['metric'], value: number, bits = 0): Reading => ({
    ...{ metric, device, channel: '', value, quality: bits },
    ...{ receivedAtMs: clock.nowMs(), timeNs: seriesTimeNs(clock.nowMs(), 1) },
  });
  return {
    health,
    pass: (ms: number) => {
      clock.passed += ms;
    },
    send: (device: string, value = 0.3, bits = 0, missing = 0) =>
      health.onReadings([reading(device, 'soil_moisture', value, bits)], missing, 'plain json'),
    tell: (device: string, ...told: [Reading['metric'], number][]) =>
      health.onReadings(
        told.map(([metric, value]) => reading(device, metric, value)),
        0,
        'tasmota',
        clock.nowMs() - 7_200_000,
      ),
    view: (id: string) => health.devices().find((device) => device.id === id),
  };
}

describe('a device', () => {
  it('is overdue when it has been silent for three times its habit, which a pause does not change', () => {
    const { send, pass, view } = farm();
    for (let n = 0; n < 10; n++) {
      send('d1');
      pass(n === 5 ? HOUR : 10 * MINUTE);
    }
    expect(view('d1')).toMatchObject({ expectedSeconds: 600, overdue: false, firstSeenAtMs: NOW });
    pass(20 * MINUTE);
    expect(view('d1')?.overdue).toBe(false);
    pass(1);
    expect(view('d1')?.overdue).toBe(true);
    send('d1');
    expect(view('d1')).toMatchObject({ overdue: false, online: true });
  });

  it('may be silent for five minutes however often it speaks, and for a day when its habit is not known', () => {
    const { send, pass, view } = farm();
    for (let n = 0; n < 20; n++) {
      send('fast');
      // Two messages of one report are no habit.
      pass(200);
      send('fast');
      pass(9_800);
    }
    send('once');
    expect(view('fast')?.expectedSeconds).toBe(10);
    pass(4 * MINUTE);
    expect(view('fast')?.overdue).toBe(false);
    pass(2 * MINUTE);
    expect(view('fast')?.overdue).toBe(true);
    expect(view('once')).toMatchObject({ expectedSeconds: null, overdue: false });
    pass(24 * HOUR);
    expect(view('once')?.overdue).toBe(true);
  });

  it('shows its battery, its signal and its clock', () => {
    const { tell, view } = farm();
    tell('d1', ['battery', 71], ['rssi', -63], ['snr', 8.5], ['link_quality', 120]);
    tell('d1', ['soil_ph', 6]);
    expect(view('d1')).toMatchObject({
      ...{ family: 'tasmota', battery: 71, batteryLow: false, rssi: -63, snr: 8.5, linkQuality: 120 },
      clockAheadSeconds: -7_200,
    });
  });

  it('shows the lowest of several batteries, and that one is low until its sensor says otherwise', () => {
    const { health, view } = farm();
    const say = (channel: string, percent: number, bits: number) =>
      health.onReadings(
        [
          {
            ...{ metric: 'battery', device: 'd1', channel, value: percent },
            ...{ quality: bits, receivedAtMs: NOW, timeNs: 1n },
          },
        ],
        0,
        'tasmota',
      );
    say('Flora-1', 5, quality.lowBattery);
    say('Flora-2', 80, 0);
    expect(view('d1')).toMatchObject({ battery: 5, batteryLow: true });
    say('Flora-1', 90, 0);
    expect(view('d1')).toMatchObject({ battery: 80, batteryLow: false });
  });

  it('has no low battery any more when the sensor of it is gone for two days, but has one while it is silent', () => {
    const { health, pass, send, view } = farm();
    const bits = quality.lowBattery;
    const told = { metric: 'soil_ph', channel: 'old', value: 6, quality: bits, receivedAtMs: NOW } as const;
    health.onReadings([{ ...told, device: 'd1', timeNs: 0n }], 0, 'plain json');
    send('d1');
    pass(72 * HOUR);
    expect(view('d1')).toMatchObject({ batteryLow: true });
    send('d1');
    expect(view('d1')).toMatchObject({ batteryLow: false });
  });

  it('was heard of when its sensors had no value', () => {
    const { health, view, pass } = farm();
    pass(MINUTE);
    health.onSilent('d1', 2, 'esphome');
    expect(view('d1')).toMatchObject({
      ...{ online: true, lastSeenAtMs: NOW + MINUTE, family: 'esphome' },
      lastHour: { readings: 0, missing: 2, unreadable: 0 },
    });
  });

  it('is counted for the last hour and the last day', () => {
    const { send, pass, view, health } = farm();
    send('d1', 9, quality.outOfRange | quality.lowBattery, 2);
    health.onUnreadable('d1');
    expect(view('d1')).toMatchObject({
      batteryLow: true,
      lastHour: { readings: 1, flagged: 1, missing: 2, unreadable: 1 },
    });
    pass(2 * HOUR);
    send('d1');
    expect(view('d1')).toMatchObject({
      lastHour: { readings: 1, flagged: 0, missing: 0, unreadable: 0 },
      lastDay: { readings: 2, flagged: 1, missing: 2, unreadable: 1 },
    });
    pass(23 * HOUR);
    expect(view('d1')?.lastDay).toEqual({ readings: 1, flagged: 0, missing: 0, unreadable: 0 });
    pass(300 * HOUR);
    expect(view('d1')?.lastDay.readings).toBe(0);
  });

  it('that says goodbye was not seen by that', () => {
    const { send, pass, view, health } = farm();
    send('d1');
    pass(HOUR);
    health.onStatus('d1', false);
    expect(view('d1')).toMatchObject({ online: false, lastSeenAtMs: NOW });
    health.onStatus('d1', true);
    expect(view('d1')).toMatchObject({ online: true, lastSeenAtMs: NOW + HOUR });
  });
});

it('remembers a bounded number of devices, and forgets a bridge with all behind it', () => {
  const { send, health } = farm();
  for (let n = 0; n < 10_010; n++) send(`bridge.sensor-${n}`);
  send('bridge');
  send('bridge2');
  expect(health.devices()).toHaveLength(10_000);
  health.forget('bridge');
  expect(health.devices().map(({ id }) => id)).toEqual(['bridge2']);
});
