import type { Reading } from '@nongtin/broker/wire';
import { seriesTimeNs } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkFarm, type Farm } from '../farm/layout.ts';
import { Health } from '../health/health.ts';
import { causeTree, isCause, maintainable } from './cause-tree.ts';
import { sourceName } from './equipment.ts';
import { AlarmRig, HOUR, MINUTE } from './rig.suite.ts';
import { SilenceWatch } from './silence.ts';

const zone = (id: string, more: object) => ({
  ...{ id, name: id, openBelowFraction: 0.2, targetFraction: 0.25, runSeconds: 600, maxRunSeconds: 900 },
  ...more,
});
const valve = { nominalFlowLitresPerMinute: 30 };
const behindBridge = Array.from({ length: 60 }, (_, n) => `lora.probe-${n}`);

/** Sixty probes behind one LoRaWAN server, two of our own on one battery, a pump with two zones. */
function hillFarm(more: object = {}): Farm {
  return checkFarm(
    {
      format: 'nongtin-farm-1',
      site: 'Đồi',
      plots: [
        {
          ...{ id: 'hill', name: 'Đồi', crop: 'coffee', areaHectares: 2 },
          zones: [
            ...behindBridge.map((soilProbe, n) => zone(`h${n}`, { soilProbe })),
            zone('near', { soilProbe: 'probe-1', valve: 'valve-1', ...valve, source: 'well' }),
          ],
        },
        {
          ...{ id: 'valley', name: 'Thung', crop: 'rice', areaHectares: 1 },
          zones: [zone('far', { soilProbe: 'probe-2', valve: 'valve-2', ...valve, source: 'well' })],
        },
      ],
      sources: [{ id: 'well', name: 'Giếng', maxFlowLitresPerMinute: 80, pump: { valve: 'pump-1' } }],
      supplies: [{ id: 'battery', name: 'Ắc quy', devices: ['probe-1', 'probe-2'] }],
      farmDevices: ['weather'],
      ...more,
    },
    'farm.json',
  );
}

function watched(farm = hillFarm()) {
  const tree = causeTree(farm);
  const rig = new AlarmRig({ isCause, isBehind: tree.isBehind });
  const health = new Health({ clock: rig.clock });
  const begin = () =>
    new SilenceWatch({
      ...{ farm: () => farm, tree: () => tree, health, clock: rig.clock, demo: false },
      alarms: rig.alarms,
    });
  let watch = begin();
  const say = (device: string) => {
    const atMs = rig.clock.nowMs();
    const reading: Reading = {
      ...{ metric: 'soil_moisture', device, channel: '', value: 0.2, quality: 0, receivedAtMs: atMs },
      timeNs: seriesTimeNs(atMs, 1),
    };
    health.onReadings([reading], 0, 'json');
  };
  return {
    ...{ rig, health, say },
    /** Each of the devices speaks every quarter of an hour, one after the other. */
    goOn(devices: readonly string[], hours: number) {
      for (let quarter = 0; quarter < hours * 4; quarter++) {
        for (const device of devices) say(device);
        for (let n = 0; n < 3; n++) {
          rig.pass(5 * MINUTE, MINUTE);
          watch.look();
        }
      }
    },
    async restart() {
      await rig.restart();
      watch = begin();
    },
    told: () =>
      rig
        .open()
        .flatMap(({ source, reason, alarmState, behind }) =>
          alarmState === 'suppressed' ? [] : `${source} ${reason.key}${behind ? ` ${behind.count}` : ''}`,
        ),
    heard: () =>
      rig.heard
        .filter(({ event, concealed }) => (event === 'raised' || event === 'revealed') && concealed === null)
        .map(({ source, reason }) => `${source} ${reason.key}`),
  };
}

const own = ['probe-1', 'probe-2', 'weather'];

it('sixty probes behind a dead server are one alarm that counts and names them, not sixty', () => {
  const farm = watched();
  farm.goOn([...own, ...behindBridge], 30);
  farm.goOn(own, 4);
  expect(farm.told()).toEqual(['lora bridge_silent 60']);
  expect(farm.heard()).toEqual(['lora bridge_silent']);
  const [cause] = farm.rig.open();
  expect(cause?.behind?.sources).toContain('lora.probe-17');
  // All of them are back.
  farm.goOn([...own, ...behindBridge], 1);
  expect(farm.told()).toEqual(['lora bridge_silent 0']);
  expect(farm.heard()).toHaveLength(1);
});

it('when the cause is over those that still stand are told, after they have had time to come back', () => {
  const farm = watched();
  farm.goOn([...own, ...behindBridge], 30);
  farm.goOn(own, 4);
  farm.goOn([...own, ...behindBridge.slice(0, 57)], 2);
  expect(farm.heard().slice(1).sort()).toEqual(
    behindBridge
      .slice(57)
      .map((probe) => `${probe} sensor_silent`)
      .sort(),
  );
});

it('one probe that is dead is told by itself, and that the server says goodbye within minutes', () => {
  const farm = watched();
  farm.goOn([...own, ...behindBridge], 30);
  farm.goOn([...own, ...behindBridge.slice(1)], 4);
  expect(farm.told()).toEqual(['lora.probe-0 sensor_silent']);
  farm.health.onStatus('lora', false);
  farm.goOn(own, 0.5);
  expect(farm.heard()).toEqual(['lora.probe-0 sensor_silent', 'lora bridge_silent']);
  expect(farm.told()).toEqual(['lora bridge_silent 1']);
});

it('a dead supply is one alarm, and so is a farm of which nothing is heard', () => {
  const farm = watched();
  farm.goOn([...own, ...behindBridge], 30);
  farm.goOn(['weather', ...behindBridge], 4);
  expect(farm.told()).toEqual(['battery supply_silent 2']);
  farm.goOn([], 6);
  expect(farm.told()).toEqual(['farm all_silent 65']);
  expect(farm.heard()).toEqual(['battery supply_silent', 'farm all_silent']);
});

it('a restart while the server is dead tells nothing anew', async () => {
  const farm = watched();
  farm.goOn([...own, ...behindBridge], 30);
  farm.goOn(own, 4);
  await farm.restart();
  farm.goOn(own, 3);
  expect(farm.heard()).toEqual(['lora bridge_silent']);
  expect(farm.told()).toEqual(['lora bridge_silent 60']);
});

it('while the broker is away nobody is told that devices are silent, and of those that stay so afterwards', () => {
  const farm = watched();
  farm.goOn([...own, ...behindBridge], 30);
  farm.rig.raise('broker', 'critical', 'external_broker_unreachable');
  farm.goOn([], 6);
  expect(farm.told()).toEqual(['broker external_broker_unreachable 66']);
  farm.rig.alarms.clear('broker', 'external_broker_unreachable');
  farm.goOn([...own, ...behindBridge.slice(1)], 2);
  expect(farm.heard().slice(1)).toEqual(['lora.probe-0 sensor_silent']);
});

it('a well without water is one alarm, whichever zones have lost theirs; that a zone is locked stays in the journal', () => {
  const { rig } = watched();
  rig.raise('near', 'high', 'flow_lost');
  rig.raise('far', 'high', 'flow_lost');
  rig.raise('well', 'critical', 'source_no_flow');
  const shown = rig.open().map(({ source, alarmState, state }) => [source, alarmState, state]);
  expect(shown).toEqual([
    ['well', 'unacknowledged', 'active'],
    ['near', 'suppressed', 'active'],
    ['far', 'suppressed', 'active'],
  ]);
  rig.alarms.clear('well', 'source_no_flow');
  rig.pass(HOUR);
  expect(rig.of('near', 'flow_lost')?.alarmState).toBe('unacknowledged');
});

it('no alarm stands behind itself, however alarms of a farm are named', () => {
  const tree = causeTree(hillFarm());
  const alarm = fc.record({
    reason: fc.constantFrom(
      ...['sensor_silent', 'trap_silent', 'leak'].map((key) => ({
        ...{ key, figures: { fromAtMs: 1, sinceAtMs: 5 } },
      })),
    ),
    source: fc.constantFrom(
      'farm',
      'broker',
      'lora',
      'battery',
      'well',
      'near',
      'h7',
      ...own,
      'lora.probe-3',
      'nobody',
    ),
    condition: fc.constantFrom(
      ...['external_broker_unreachable', 'all_silent', 'supply_silent', 'bridge_silent', 'sensor_silent'],
      ...['many_silent', 'valve_silent', 'source_no_flow', 'tank_low', 'flow_lost', 'leak'],
    ),
  });
  fc.assert(
    fc.property(fc.array(alarm, { minLength: 1, maxLength: 4 }), (ring) => {
      const isRing = ring.every((one, n) => tree.isBehind(one, ring[(n + 1) % ring.length] ?? one));
      expect(isRing).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

const loose = Array.from({ length: 12 }, (_, n) => `loose-${n}`);

it('many that fall silent together are one alarm also where nobody has said what feeds them; of a few each is told', async () => {
  const near = [...own, ...behindBridge];
  const few = watched(hillFarm({ farmDevices: ['weather', ...loose] }));
  few.goOn([...near, ...loose], 30);
  few.goOn([...near, ...loose.slice(4)], 4);
  expect(few.told().sort()).toEqual(loose.slice(0, 4).map((probe) => `${probe} sensor_silent`));

  const farm = watched(hillFarm({ farmDevices: ['weather', ...loose] }));
  farm.goOn([...near, ...loose], 30);
  farm.goOn(near, 4);
  expect(farm.told()).toEqual(['farm many_silent 12']);
  expect(farm.heard()).toEqual(['farm many_silent']);
  await farm.restart();
  farm.goOn(near, 1);
  expect(farm.heard()).toEqual(['farm many_silent']);
  // Three of them stay away.
  farm.goOn([...near, ...loose.slice(3)], 2);
  expect(farm.heard().slice(1).sort()).toEqual(loose.slice(0, 3).map((probe) => `${probe} sensor_silent`));
});

/** A dosing head behind the bridge `feed`, a trap behind it too; as farm.json names them. */
const equipped = (): Farm => {
  const relay = (output: string) => ({ family: 'zigbee2mqtt', device: 'feed.relay', output });
  const stock = {
    capacityLitres: 100,
    gramsPerLitre: { N: 20 },
    perRunMillilitres: 200,
    perDayMillilitres: 500,
  };
  return hillFarm({
    heads: [
      {
        ...{ id: 'head', name: 'Bộ châm phân', source: 'well' },
        ...{ preFlushLitres: 2, postFlushLitres: 2, mixingLitres: 1 },
        tanks: [
          { id: 'a', name: 'A', ...stock, pump: { valve: relay('l1') } },
          { id: 'b', name: 'B', ...stock, injector: { valve: relay('l2') } },
        ],
        ...{ ec: { probes: [{ device: 'feed.ec' }] }, ph: { probes: [{ device: 'feed.ph' }] } },
      },
    ],
    traps: [
      {
        id: 'trap',
        name: 'Bẫy ruồi',
        plot: 'hill',
        pest: 'bactrocera-dorsalis',
        kind: 'methyl_eugenol',
        device: 'feed.trap',
      },
      { id: 'paper', name: 'Bẫy giấy', plot: 'hill', pest: 'bactrocera-dorsalis', kind: 'methyl_eugenol' },
    ],
  });
};

const named = (source: string, condition: string) => ({
  ...{ source, condition, reason: { key: condition, figures: {} } },
});

it('a dosing head and a trap stand behind the bridge of their devices, and are missed when these fall silent', () => {
  const farm = equipped();
  const tree = causeTree(farm);
  expect(tree.groups.find(({ id }) => id === 'feed')?.devices.toSorted()).toEqual([
    ...['feed.ec', 'feed.ph', 'feed.relay', 'feed.trap'],
  ]);
  const stale = named('head', 'dose_probe_stale');
  const away = named('feed', 'bridge_silent');
  expect(tree.isBehind(stale, away)).toBe(true);
  expect(tree.isBehind(stale, named('lora', 'bridge_silent'))).toBe(false);
  expect(tree.isBehind(named('head', 'dose_pump_runs'), away), 'what locks is told').toBe(false);
  expect(tree.isBehind(named('feed.trap', 'trap_silent'), away)).toBe(true);

  const hill = watched(farm);
  const near = [...own, ...behindBridge];
  hill.goOn([...near, 'feed.ec', 'feed.trap'], 30);
  hill.goOn(near, 6);
  const told = hill.rig
    .open()
    .map(({ source, reason, alarmState }) => `${source} ${reason.key} ${alarmState}`);
  expect(told.sort()).toEqual([
    'feed bridge_silent unacknowledged',
    'feed.ec probe_silent suppressed',
    // Of this one no word has ever come.
    'feed.ph probe_silent suppressed',
    'feed.trap trap_silent suppressed',
  ]);
});

it('whatever the farm has may be maintained by its name, a plot with all its zones and pests, and is called by its own name', () => {
  const farm = equipped();
  expect(
    ['head', 'trap', 'hill', 'near', 'well', 'battery', 'weather', 'farm', 'moon'].map((name) =>
      maintainable(farm, name),
    ),
  ).toEqual([
    ...['head:head', 'trap:trap', 'plot:hill', 'zone:near', 'water:well', 'supply:battery', 'device:weather'],
    ...[undefined, undefined],
  ]);
  const { nodesOf } = causeTree(farm);
  for (const source of ['near', 'hill', 'hill/bactrocera-dorsalis', 'trap', 'lora.probe-1'])
    expect(nodesOf(source).has('plot:hill'), source).toBe(true);
  expect(nodesOf('far').has('plot:hill')).toBe(false);
  expect(
    ['head', 'trap', 'hill', 'hill/thrips', 'well', 'battery', 'near', 'lora.probe-3', 'probe-9'].map((id) =>
      sourceName(farm, id),
    ),
  ).toEqual([
    ...['Bộ châm phân', 'Bẫy ruồi', 'Đồi', 'Đồi', 'Giếng', 'Ắc quy', 'near', 'h3 (lora.probe-3)', undefined],
  ]);
});

it('who is stated to speak is missed after so many minutes, in its first hour too, and those behind one bridge as one', () => {
  const stated = [...behindBridge, 'lora.never'].map((id) => ({ id, silentAfterMinutes: 20 }));
  const farm = watched({ ...hillFarm(), devices: [...stated, { id: 'weather', silentAfterMinutes: 20 }] });
  farm.goOn([...own, ...behindBridge], 1);
  expect(farm.told()).toEqual(['lora.never sensor_silent']);
  farm.goOn(own, 0.5);
  expect(farm.told().sort()).toEqual(['lora bridge_silent 61']);
  farm.goOn([], 0.5);
  expect(farm.told()).toEqual(['farm all_silent 63']);
});
