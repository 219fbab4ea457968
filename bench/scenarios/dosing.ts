import type { Core } from '../../edge/core.ts';
import type { Head, Tank } from '../../edge/fertigation/schema.ts';
import { fertigation } from '../../firmware-sim/farms/fertigation.ts';
import type { FarmSpec } from '../../firmware-sim/index.ts';
import type { Own } from './farm-of.ts';
import { atDawn } from './programs.ts';
import type { FarmScenario } from './scenario.ts';
import type { Heard, Trace } from './traces.ts';

const BOX = 'bom-phan';
const SHELLY = 'shellyplus1-a8032abe54dc';
/** mL/s as somebody with a cup has read it. */
const rates = { acid: 8, a: 15, b: 16 } as const;
type TankId = keyof typeof rates;
const CUP_SECONDS = 10;

/** The farm of the simulator, with relays that people can buy: stocks on a box of Tasmota, acid on a Shelly. */
const farm: FarmSpec = {
  ...fertigation,
  devices: fertigation.devices.map((device) => {
    if (device.kind !== 'dose_pump') return device;
    const { reportSeconds: _, ...pump } = device;
    if (pump.tank === 'acid') return { ...pump, family: 'shelly', settings: { box: SHELLY } };
    return { ...pump, family: 'tasmota', settings: { box: BOX, output: pump.tank === 'a' ? 1 : 2 } };
  }),
};

const tank = (id: TankId, its: Partial<Tank>): Tank => ({
  ...{ id, name: id, capacityLitres: 200, perRunMillilitres: 12_000, perDayMillilitres: 40_000 },
  ...its,
});

const head: Head = {
  ...{ id: 'head', name: 'Bộ châm phân', source: 'well', sourceEc: 0.4 },
  ...{ preFlushLitres: 60, postFlushLitres: 100, mixingLitres: 150, separationLitres: 0 },
  tanks: [
    tank('a', {
      fertilizers: [{ label: { N: 15.5, CaO: 26.5 }, gramsPerLitre: 120 }],
      pump: { valve: { family: 'tasmota', device: BOX, output: 1, flowMeter: null } },
    }),
    tank('b', {
      gramsPerLitre: { N: 10.6, P2O5: 12.2, K2O: 27.8 },
      pump: { valve: { family: 'tasmota', device: BOX, output: 2, flowMeter: null } },
    }),
    tank('acid', {
      ...{ capacityLitres: 60, isAcid: true },
      pump: { valve: { family: 'shelly', device: SHELLY, flowMeter: null } },
    }),
  ],
  ec: { probes: [{ device: 'ec-1' }, { device: 'ec-2' }] },
  ph: { probes: [{ device: 'ph-1' }] },
};

const own: Own = {
  program: atDawn,
  zone: { source: 'well' },
  dosing: {
    sources: [{ id: 'well', name: 'Giếng', maxFlowLitresPerMinute: 70 }],
    heads: [head],
    recipes: [
      {
        ...{ id: 'leaf', name: 'Nuôi lá', mode: 'ec', ecTarget: 1.6, ecRise: 1.1 },
        millilitresPerCubicMetre: { a: 4_000, b: 4_000 },
        ph: { target: 6.3, tank: 'acid', maxMillilitresPerCubicMetre: 2_500 },
      },
    ],
    fertigation: { recipes: [{ recipe: 'leaf' }] },
  },
};

const person = { id: 'u1', name: 'Chị Năm' };

/** Somebody fills the tanks, and holds a cup under each pump twice. */
const madeReady = (['a', 'b', 'acid'] as const).flatMap((id, n) => [
  { atSeconds: 20 + n, act: ({ fertigation: its }: Core) => its.filled(id, { litres: 50 }, person) },
  ...[0, 1].flatMap((run) => {
    const atSeconds = 30 + 30 * (2 * n + run);
    return [
      { atSeconds, act: ({ fertigation: its }: Core) => its.calibrate(id, CUP_SECONDS) },
      { atSeconds: atSeconds + CUP_SECONDS + 10, act: (core: Core) => read(core, id) },
    ];
  }),
]);

function read({ fertigation: its }: Core, id: TankId) {
  const tanks = its.views().flatMap(({ tanks: all }) => all);
  const { calibrationId = '' } = tanks.find(({ tank: known }) => known === id)?.calibration ?? {};
  return its.measured(id, { calibrationId, millilitres: rates[id] * CUP_SECONDS }, person);
}

/** After the cups. */
const FIRST_WATER_MS = Date.parse('2026-02-10T05:09:00+07:00');
const WITHIN_MS = 1_000;

/** What a relay has said of itself; undefined: nothing. */
function said({ by, payload }: Heard): boolean | undefined {
  if (by !== BOX && by !== SHELLY) return undefined;
  const [, word] = /"POWER\d?":"(ON|OFF)"|"output":(true|false)/.exec(payload)?.filter(Boolean) ?? [];
  return word === undefined ? undefined : word === 'ON' || word === 'true';
}

/** Words of pumps that stand, each no later than a second after the last valve has really closed. */
const stoodInTime: Trace = {
  what: 'pulses, each over within a second after the water',
  atLeast: 10,
  count: ({ heard, events }) => {
    const open = new Set<string>();
    let [closedMs, next, pulses] = [0, 0, 0];
    for (const word of heard.filter(({ atMs }) => atMs > FIRST_WATER_MS)) {
      for (let event = events[next]; event && event.atMs <= word.atMs; event = events[++next]) {
        if (event.what !== 'valve') continue;
        if (event.isOn) open.add(event.id);
        else open.delete(event.id);
        closedMs = event.atMs;
      }
      const isRunning = said(word);
      if (isRunning === undefined) continue;
      if (isRunning && open.size === 0 && word.atMs - closedMs > WITHIN_MS) return 0;
      if (!isRunning) pulses += 1;
    }
    return pulses;
  },
};

/** Of the pumps' turns some were of air. */
const drewAir: Trace = {
  what: 'mL of A that air kept back',
  atLeast: 300,
  count: ({ truth }) => {
    const { a, b } = truth.heads.head?.tanks ?? {};
    return 1_000 * ((b?.drawnLitres ?? 0) - (a?.drawnLitres ?? 0));
  },
};

/** Without the step zone 2 gets more than twice as much. */
const dosedLess: Trace = {
  what: 'doses of less than 2 L of each stock',
  atLeast: 1,
  count: ({ records }) =>
    records.filter(({ kind, ...dose }) => {
      const { tanks = [] } = dose as { tanks?: { tank: string; millilitres: number }[] };
      return kind === 'dose' && tanks.some(({ tank: id, millilitres }) => id === 'b' && millilitres < 2_000);
    }).length,
};

const morning = { length: 'PT1H', farm, own, people: madeReady } as const;
const litres = { z1: [1_150, 1_250], z2: [900, 1_000] } as const;

/** A dosing head, and what goes wrong at it in the run of zone 1. */
export const dosing: readonly FarmScenario[] = [
  {
    ...{ ...morning, name: 'dosed-morning' },
    title: 'Two zones get their recipe by EC and pH; nothing goes wrong',
    expect: { traces: [stoodInTime], litres: { z1: [1_150, 1_250], z2: [900, 1_000] } },
  },
  {
    ...{ ...morning, name: 'stock-tanks-empty' },
    title: 'Both stocks are empty, whatever the pumps say: the head is locked until a person has looked',
    faults: [
      { fault: 'dose-tank-empty', target: 'dose-a', at: 'PT9M' },
      { fault: 'dose-tank-empty', target: 'dose-b', at: 'PT9M' },
    ],
    expect: { traces: [stoodInTime], litres: { ...litres }, alarms: ['head dose_no_effect'] },
  },
  {
    ...{ ...morning, name: 'air-in-the-line' },
    title: 'Air in the line of one stock: EC comes by the other, and back',
    faults: [{ fault: 'dose-line-air', target: 'dose-a', at: 'PT9M', millilitres: 500 }],
    expect: { traces: [stoodInTime, drewAir], litres: { ...litres } },
  },
  {
    ...{ ...morning, name: 'source-changes' },
    title: 'The well has 0.5 mS/cm more at once: the loop doses less',
    faults: [{ fault: 'source-ec-step', target: 'well', at: 'PT18M', by: 0.5 }],
    expect: { traces: [stoodInTime, dosedLess], litres: { ...litres } },
  },
  {
    ...{ ...morning, name: 'ec-probe-dies' },
    title: 'One of two EC probes falls silent: nothing is dosed any more, and people are told',
    faults: [{ fault: 'sensor-dead', target: 'ec-2', at: 'PT18M' }],
    expect: { traces: [stoodInTime], litres: { ...litres }, alarms: ['head dose_probe_stale'] },
  },
  {
    ...{ ...morning, name: 'stopped-while-dosing' },
    title: 'A person stops the water in the middle of a dose: the pump stops before the valve closes',
    people: [
      ...madeReady,
      { atSeconds: 1_200, act: ({ irrigation }: Core) => irrigation.request('z1', { kind: 'stop' }) },
    ],
    expect: { traces: [stoodInTime], litres: { z1: [500, 700], z2: [900, 1_000] } },
  },
];
