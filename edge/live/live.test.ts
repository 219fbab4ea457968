import { quality, type Reading } from '@nongtin/broker/wire';
import { describe, expect, it, vi } from 'vitest';
import { EventHub, type LiveEvent } from './hub.ts';
import { Live } from './live.ts';

const reading = (value: number, atMs: number, more: Partial<Reading> = {}) => ({
  ...({ metric: 'soil_moisture', device: 'soil-a1', channel: '', value, quality: quality.good } as const),
  ...{ atMs, receivedAtMs: 5_000 },
  ...more,
});

function setup() {
  const hub = new EventHub('boot');
  const events: LiveEvent[] = [];
  hub.subscribe((event) => events.push(event));
  return { hub, events, live: new Live({ hub, devices: ['soil-a1'], clock: { nowMs: () => 5_000 } }) };
}

describe('the live view', () => {
  it('holds the newest value of each metric and channel', () => {
    const { live } = setup();
    live.onReadings([reading(0.2, 2_000), reading(0.1, 1_000), reading(0.3, 500, { channel: 'deep' })]);
    expect(live.latest('soil-a1', 'soil_moisture')).toMatchObject({ value: 0.2, atMs: 2_000, unit: 'm³/m³' });
    expect(live.devices()[0]).toMatchObject({ online: true, lastSeenAtMs: 5_000 });
    expect(live.devices()[0]?.readings).toHaveLength(2);
  });

  it('is not frozen by a device whose clock is ahead: nothing was taken after it came', () => {
    const { live } = setup();
    const YEAR_MS = 365 * 86_400_000;
    live.onReadings([reading(0.9, 4_000 + YEAR_MS, { receivedAtMs: 4_000 })]);
    expect(live.latest('soil-a1', 'soil_moisture')).toMatchObject({ value: 0.9, atMs: 4_000 });
    live.onReadings([reading(0.2, 5_000)]);
    expect(live.latest('soil-a1', 'soil_moisture')).toMatchObject({ value: 0.2, atMs: 5_000 });
    live.onReadings([reading(0.1, 4_500)]);
    expect(live.latest('soil-a1', 'soil_moisture')?.value).toBe(0.2);
  });

  it('is not frozen when our own clock was ahead and is set back', () => {
    const { live } = setup();
    live.onReadings([reading(0.9, 900_000, { receivedAtMs: 900_000 })]);
    live.onReadings([reading(0.2, 5_000)]);
    expect(live.latest('soil-a1', 'soil_moisture')?.value).toBe(0.2);
  });

  it('names the quality flags', () => {
    const { live } = setup();
    live.onReadings([reading(9, 1_000, { quality: quality.outOfRange | quality.late })]);
    expect(live.latest('soil-a1', 'soil_moisture')?.quality).toEqual(['outOfRange', 'late']);
  });

  it('gathers readings into one event', () => {
    vi.useFakeTimers();
    const { live, events } = setup();
    live.onReadings([reading(0.2, 1_000)]);
    live.onReadings([reading(0.3, 2_000)]);
    expect(events.map(({ name }) => name)).toEqual(['device']);
    vi.advanceTimersByTime(100);
    expect(events).toHaveLength(2);
    expect(JSON.parse(events[1]?.data ?? '').readings).toHaveLength(2);
    vi.useRealTimers();
  });

  it('tells only the latest of each series when there are too many for one event', () => {
    const { live, events } = setup();
    for (let i = 0; i < 600; i++) live.onReadings([reading(i, i), reading(-i, i, { channel: 'deep' })]);
    live.flush();
    const told = JSON.parse(events.at(-1)?.data ?? '').readings;
    expect(told.map(({ value }: { value: number }) => value)).toEqual([599, -599]);
  });

  it('tells each time a device comes or goes, and only then', () => {
    const { live, events } = setup();
    live.onStatus('soil-a1', false);
    live.onReadings([reading(0.2, 1_000), reading(0.3, 2_000)]);
    live.onStatus('soil-a1', true);
    live.onStatus('soil-a1', false);
    live.onStatus('soil-a1', false);
    expect(events.map(({ name, data }) => [name, JSON.parse(data)])).toEqual([
      ['device', { id: 'soil-a1', online: false, lastSeenAtMs: null }],
      ['device', { id: 'soil-a1', online: true, lastSeenAtMs: 5_000 }],
      ['device', { id: 'soil-a1', online: false, lastSeenAtMs: 5_000 }],
    ]);
    live.flush();
  });

  it('stays bounded however many channels a device invents', () => {
    const { live } = setup();
    for (let i = 0; i < 1_000; i++) live.onReadings([reading(i, i, { metric: 'raw', channel: `c${i}` })]);
    expect(live.devices()[0]?.readings).toHaveLength(128);
    live.flush();
  });

  it('forgets a bridge with all that spoke through it, and shows no more names than it can make up', () => {
    const { live } = setup();
    for (let i = 0; i < 6_000; i++) live.onReadings([reading(i, i, { device: `bridge.d${i}` })]);
    expect(live.devices()).toHaveLength(5_000);
    expect(live.latest('bridge.d5999', 'soil_moisture')?.value).toBe(5_999);
    live.forget('bridge');
    expect(live.devices().map(({ id }) => id)).toEqual(['soil-a1']);
    live.flush();
  });
});

describe('the event hub', () => {
  it('gives a listener that was away what it missed, and says when it cannot', () => {
    const hub = new EventHub('boot', 3);
    for (let i = 1; i <= 5; i++) hub.publish('status', { i });
    expect(hub.since('boot-3')?.map((event) => event.id)).toEqual(['boot-4', 'boot-5']);
    expect(hub.since('boot-5')).toEqual([]);
    expect(hub.since('boot-1')).toBeUndefined();
    expect(hub.since('boot-6')).toBeUndefined();
    expect(hub.since('earlier-5')).toBeUndefined();
    expect(hub.since('nonsense')).toBeUndefined();
  });

  it('keeps no more than so many bytes, however few the events', () => {
    const hub = new EventHub('boot', 100, 1_000);
    for (let i = 1; i <= 5; i++) hub.publish('status', 'é'.repeat(200));
    expect(hub.since('boot-3')).toHaveLength(2);
    expect(hub.since('boot-2')).toBeUndefined();
    hub.publish('status', 'x'.repeat(2_000));
    expect(hub.since('boot-6')).toEqual([]);
    expect(hub.since('boot-5')).toBeUndefined();
  });
});
