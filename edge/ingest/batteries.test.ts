import { type MetricName, quality } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import { Batteries } from './batteries.ts';

const told = (metric: MetricName, channel: string, value: number) => ({ metric, channel, value });
const battery = (value: number, channel = '') => told('battery', channel, value);
const word = (value: number, channel = 'battery_low') => told('raw', channel, value);
const LOW = quality.lowBattery;

describe('a battery', () => {
  it('flags its device from the word that it is nearly empty to the word that it is not', () => {
    const batteries = new Batteries();
    const after = (...readings: ReturnType<typeof told>[]) => {
      batteries.hear(readings);
      return batteries.bitsOf('any');
    };
    expect(after()).toBe(0);
    expect(after(battery(14))).toBe(LOW);
    expect(after()).toBe(LOW);
    expect(after(battery(15))).toBe(0);
    expect(after(word(1), battery(90))).toBe(LOW);
    expect(after(battery(9), word(0))).toBe(0);
  });

  it('of one sensor flags that sensor, and what is below it, alone', () => {
    const batteries = new Batteries();
    batteries.hear([battery(5, 'Flora-1'), battery(80, 'Flora-2'), word(1, 'top.battery_low')]);
    batteries.hear([battery(80, 'Flora-2')]);
    const low = ['Flora-1', 'Flora-1.Firmware', 'Flora-2', 'Flora-10', '', 'top', 'top.x'].filter(
      (channel) => batteries.bitsOf(channel) !== 0,
    );
    expect(low).toEqual(['Flora-1', 'Flora-1.Firmware', 'top', 'top.x']);
  });

  it('is that of whatever the message says it powers', () => {
    const batteries = new Batteries();
    batteries.hear([{ ...battery(5, 'devicepower:0'), powers: '' }]);
    expect(batteries.bitsOf('temperature:0')).toBe(LOW);
    batteries.hear([{ ...word(0, 'Battery low'), powers: '' }]);
    expect(batteries.bitsOf('temperature:0')).toBe(0);
  });
});
