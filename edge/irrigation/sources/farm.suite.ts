import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { Rig } from '../controller/rig.suite.ts';
import type { Source } from './schema.ts';

const well: Source = {
  ...{ id: 'well', name: 'Giếng khoan', maxFlowLitresPerMinute: 80, gapSeconds: 5 },
  pump: { valve: 'pump-1', leadSeconds: 3, lagSeconds: 3 },
  masterValve: { valve: 'master-1' },
};
export const zones = zonesOf(demoFarm())
  .slice(0, 3)
  .map((zone): Zone => ({ ...zone, source: 'well' }));

export function farm(more: Partial<Source> = {}, own: readonly Zone[] = zones) {
  const rig = new Rig({ zones: own, sources: [{ ...well, ...more }], random: () => 0.3 });
  rig.pass(5);
  return rig;
}

export function open(rig: Rig, zone: string, durationSeconds = 300): void {
  rig.send({ kind: 'open', zone, requestId: `r-${zone}`, durationSeconds, now: rig.now });
}

/** What changes at the devices, in its order, while time passes. */
export function watch(rig: Rig, seconds: number): string[] {
  const seen: string[] = [];
  const before = new Map([...rig.devices].map(([name, { isOn }]) => [name, isOn]));
  rig.pass(seconds, () => {
    for (const [name, { isOn }] of rig.devices) {
      if (before.get(name) !== isOn) seen.push(`${name} ${isOn ? 'on' : 'off'}`);
      before.set(name, isOn);
    }
  });
  return seen;
}

export const phase = (rig: Rig, zone: string) => rig.state.zones[zone]?.phase.name;
export const stage = (rig: Rig) => rig.state.sources.well?.stage;
export const lastAnswer = (rig: Rig) => rig.actions.findLast((action) => action.kind === 'answer');
export const keys = (rig: Rig) => [...rig.alarms.values()].map(({ key }) => key);
