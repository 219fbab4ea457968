import { expect, it } from 'vitest';
import type { ControlReading } from './controller/types.ts';
import { SourceWiring } from './source-wiring.ts';
import type { Source } from './sources/schema.ts';

const well: Source = {
  ...{ id: 'well', name: 'Giếng khoan', maxFlowLitresPerMinute: 80 },
  pump: { valve: { family: 'tasmota', device: 'pump_house', output: 2, flowMeter: null } },
  masterValve: { valve: 'master-1' },
  tank: { device: 'tank-1', stopPercent: 15, resumePercent: 30 },
  pressure: { device: 'pump_house', minKilopascals: 150, maxKilopascals: 400 },
};
const now = { farmMs: 0, realMs: 0, atMs: 0 };
const wiring = new SourceWiring([well]);
const reading = (metric: string, device: string, value: number, channel = '', quality = 0) =>
  ({ metric, device, channel, value, quality }) as ControlReading;

it('hears the relay of the pump, its pressure and the tank, and nobody else', () => {
  const told = wiring.take(
    [
      reading('valve_open', 'pump_house', 1, 'POWER2'),
      reading('valve_open', 'pump_house', 1, 'POWER1'),
      reading('valve_open', 'pump_house', 0, 'POWER2', 2),
      reading('water_pressure', 'pump_house', 300),
      reading('tank_level', 'tank-1', 60),
      reading('tank_level', 'tank-2', 10),
    ],
    now,
  );
  expect(told).toEqual([
    { kind: 'part', source: 'well', part: 'pump', isOn: true, now },
    { kind: 'measured', source: 'well', what: 'pressure', value: 300, quality: 0, now },
    { kind: 'measured', source: 'well', what: 'level', value: 60, quality: 0, now },
  ]);
});

it('tells each in the words of its family, with a duration', () => {
  const open = { id: 'x', action: 'open', durationSeconds: 60 } as const;
  const told = (part: 'pump' | 'masterValve', command: typeof open | { id: 'x'; action: 'close' }) =>
    wiring
      .commands({ kind: 'part_command', source: 'well', part, command }, 0)
      .map(({ topic, payload }) => [topic, payload]);
  expect(told('pump', open)).toEqual([['cmnd/pump_house/Backlog0', 'PulseTime2 160;Power2 ON']]);
  expect(told('pump', { id: 'x', action: 'close' })).toEqual([['cmnd/pump_house/Power2', 'OFF']]);
  expect(told('masterValve', open)).toEqual([['nongtin/v1/master-1/valve/command', JSON.stringify(open)]]);
});

it('sets the pump’s own limit and what it does after a power cut', () => {
  expect(wiring.provision('well', 'pump', 'p', 0)).toMatchObject([
    { topic: 'cmnd/pump_house/Backlog0', payload: 'PowerOnState 0;PulseTime2 14500' },
  ]);
});

it('hears a master valve of ours on its own topic', () => {
  const topic = 'nongtin/v1/master-1/valve/state';
  expect(wiring.listensTo(topic)).toBe(true);
  const report = {
    state: 'open',
    cause: 'command',
    commandId: 'x',
    flowLitresPerMinute: 0,
    totalLitres: 0,
  } as const;
  expect(wiring.report(topic, report, now)).toMatchObject({
    part: 'masterValve',
    isOn: true,
    commandId: 'x',
  });
});
