import { matchTopic, quality } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import type { Valve } from '../actuators/index.ts';
import { farmProblems } from '../farm/layout.ts';
import { createProfiles, shortMemory } from '../profiles/index.ts';
import { documentedFarm } from './farm.suite.ts';
import type { Probe } from './probe-names.ts';
import { Rig } from './rig.suite.ts';
import type { Head } from './schema.ts';
import { HeadWiring } from './wiring.ts';

const [documented = expect.fail('the documented farm has a head')] = documentedFarm().heads ?? [];

/** The documented head with this pump for its first tank, and these probes. */
function headOf(changes: { valve?: Valve; ec?: Probe; ph?: Probe }): Head {
  const head = structuredClone(documented);
  if (changes.valve) Object.assign(head.tanks[0]?.pump ?? {}, { valve: changes.valve });
  if (changes.ec) Object.assign(head.ec, { probes: [changes.ec] });
  if (changes.ph) Object.assign(head.ph, { probes: [changes.ph] });
  return head;
}

/** What the head makes of a message as it comes from the broker. */
async function heard(wiring: HeadWiring, topic: string, payload: string, bits: number = quality.good) {
  const match = matchTopic(topic) ?? expect.fail(`nobody speaks on ${topic}`);
  const spoken = { speaker: match.identity, topic, name: match.name, rest: match.rest };
  const parsed = await createProfiles(shortMemory())
    .find(spoken)
    ?.parse({
      ...{ ...spoken, payload: new TextEncoder().encode(payload) },
      ...{ receivedAtMs: Date.UTC(2026, 10, 22), zoneOffsetMinutes: 420 },
    });
  if (parsed?.kind !== 'readings') return [];
  const device = parsed.device === undefined ? match.identity : `${match.identity}.${parsed.device}`;
  return wiring.take(parsed.readings.map((reading) => ({ ...reading, device, quality: bits })));
}

describe.each<{
  name: string;
  valve: Valve;
  run: unknown;
  stop: unknown;
  words: [string, string, boolean][];
}>([
  {
    name: 'a relay of Tasmota with several outputs',
    valve: { family: 'tasmota', device: 'bom-phan', output: 2, flowMeter: null },
    run: [['cmnd/bom-phan/Backlog0', 'PulseTime2 50;Power2 ON']],
    stop: [['cmnd/bom-phan/Power2', 'OFF']],
    words: [
      ['stat/bom-phan/RESULT', '{"POWER2":"ON"}', true],
      ['stat/bom-phan/RESULT', '{"POWER2":"OFF"}', false],
      [
        'tele/bom-phan/STATE',
        '{"Time":"2026-11-22T05:00:00","UptimeSec":611,"POWER1":"ON","POWER2":"OFF"}',
        false,
      ],
    ],
  },
  {
    name: 'a relay of Tasmota with one output',
    valve: { family: 'tasmota', device: 'bom-phan', flowMeter: null },
    run: [['cmnd/bom-phan/Backlog0', 'PulseTime1 50;Power1 ON']],
    stop: [['cmnd/bom-phan/Power1', 'OFF']],
    words: [
      ['stat/bom-phan/RESULT', '{"POWER":"ON"}', true],
      ['tele/bom-phan/STATE', '{"Time":"2026-11-22T05:00:00","POWER":"OFF"}', false],
    ],
  },
  {
    name: 'a Shelly of the second generation',
    valve: { family: 'shelly', device: 'shellyplus1-a8032abe54dc', output: 0, flowMeter: null },
    run: [
      [
        'shellyplus1-a8032abe54dc/rpc',
        '{"id":"c1","src":"shellyplus1-a8032abe54dc/answer","method":"Switch.Set","params":{"id":0,"on":true,"toggle_after":5}}',
      ],
    ],
    stop: [
      [
        'shellyplus1-a8032abe54dc/rpc',
        '{"id":"c2","src":"shellyplus1-a8032abe54dc/answer","method":"Switch.Set","params":{"id":0,"on":false}}',
      ],
    ],
    words: [
      [
        'shellyplus1-a8032abe54dc/events/rpc',
        '{"src":"shellyplus1-a8032abe54dc","dst":"shellyplus1-a8032abe54dc/events","method":"NotifyStatus","params":{"ts":1795255491.1,"switch:0":{"id":0,"output":true,"source":"MQTT","timer_duration":5,"timer_started_at":1795255491.1}}}',
        true,
      ],
      [
        'shellyplus1-a8032abe54dc/events/rpc',
        '{"src":"shellyplus1-a8032abe54dc","dst":"shellyplus1-a8032abe54dc/events","method":"NotifyStatus","params":{"ts":1795255496.1,"switch:0":{"id":0,"output":false,"source":"timer"}}}',
        false,
      ],
    ],
  },
])('$name drives a dose pump', ({ valve, run, stop, words }) => {
  const wiring = new HeadWiring(headOf({ valve }));
  const sent = (commands: readonly { topic: string; payload: string }[]) =>
    commands.map(({ topic, payload }) => [topic, payload]);

  it('for so many seconds, which it counts itself', () => {
    expect(sent(wiring.run('bon-a', 'c1', 5, 0))).toEqual(run);
    expect(sent(wiring.stop('bon-a', 'c2', 0))).toEqual(stop);
  });

  it.each(words)('and its word on %s is believed: %s', async (topic, payload, isRunning) => {
    const told = await heard(wiring, topic, payload);
    expect(told.filter((one) => one.kind === 'pump' && one.tank === 'bon-a')).toEqual([
      { kind: 'pump', tank: 'bon-a', isRunning },
    ]);
  });
});

const plain = 'nongtin/v1/tram/readings';

describe('a probe', () => {
  it.each<
    [topic: string, payload: string, probe: Probe, quantity: 'ec' | 'ph', value: number, isGood: boolean]
  >([
    [plain, '{"water_ec":1.62}', { device: 'tram' }, 'ec', 1.62, true],
    [plain, '{"ec":1.62,"ph":6.1}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }, 'ec', 1.62, true],
    [plain, '{"ec":1.62,"ph":6.1}', { device: 'tram', metric: 'ph' }, 'ph', 6.1, true],
    [plain, '{"EC":1620}', { device: 'tram', metric: 'ec', unit: 'µS/cm' }, 'ec', 1.62, true],
    [plain, '{"EC":1620}', { device: 'tram', metric: 'ec', unit: 'uS/cm' }, 'ec', 1.62, true],
    [
      plain,
      '{"conductivity":1.62}',
      { device: 'tram', metric: 'conductivity', unit: 'dS/m' },
      'ec',
      1.62,
      true,
    ],
    [
      plain,
      '{"ec":{"value":162,"unit":"mS/m"}}',
      { device: 'tram', metric: 'ec', unit: 'mS/m' },
      'ec',
      1.62,
      true,
    ],
    [
      plain,
      '{"sau":{"ec":1.7}}',
      { device: 'tram', channel: 'sau', metric: 'ec', unit: 'mS/cm' },
      'ec',
      1.7,
      true,
    ],
    [plain, '{"soil_ec":1.62}', { device: 'tram', metric: 'soil_ec' }, 'ec', 1.62, true],
    [
      'tele/tram/SENSOR',
      '{"Time":"2026-11-22T05:00:00","EZO":{"EC":1620,"pH":6.2}}',
      { device: 'tram', metric: 'EC', unit: 'µS/cm' },
      'ec',
      1.62,
      true,
    ],
    [
      'tele/tram/SENSOR',
      '{"Time":"2026-11-22T05:00:00","EZO":{"EC":1620,"pH":6.2}}',
      { device: 'tram', metric: 'pH' },
      'ph',
      6.2,
      true,
    ],
    ['tram/sensor/ec/state', '1620', { device: 'tram', metric: 'ec', unit: 'µS/cm' }, 'ec', 1.62, true],
    // A thousand times too much: whoever wrote the wrong unit, nothing is dosed by it.
    [plain, '{"ec":1620}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }, 'ec', 1620, false],
    [plain, '{"ec":1e9}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }, 'ec', 1e9, false],
    [plain, '{"ec":-0.2}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }, 'ec', -0.2, false],
    [plain, '{"ph":61}', { device: 'tram', metric: 'ph' }, 'ph', 61, false],
  ])('%s %s of %j', async (topic, payload, probe, quantity, value, isGood) => {
    const wiring = new HeadWiring(headOf({ [quantity]: probe }));
    const told = await heard(wiring, topic, payload);
    const its = told.filter((one) => one.kind === 'probe' && one.quantity === quantity);
    expect(its).toEqual([{ kind: 'probe', quantity, index: 0, value: expect.closeTo(value, 9), isGood }]);
  });

  it.each([
    [
      'another channel',
      '{"truoc":{"ec":1.6}}',
      { device: 'tram', channel: 'sau', metric: 'ec', unit: 'mS/cm' },
    ],
    ['no number', '{"ec":NaN}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }],
    ['nothing', '{"ec":null}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }],
    ['text', '{"ec":"open"}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }],
    ['another quantity', '{"ec_target":1.6}', { device: 'tram', metric: 'ec', unit: 'mS/cm' }],
  ])('says nothing by %s', async (_what, payload, ec) => {
    expect(await heard(new HeadWiring(headOf({ ec })), plain, payload)).toEqual([]);
  });

  it('that the gateway doubts is doubted, whatever it is called', async () => {
    const wiring = new HeadWiring(headOf({ ec: { device: 'tram', metric: 'ec', unit: 'mS/cm' } }));
    expect(await heard(wiring, plain, '{"ec":1.6}', quality.outOfRange)).toMatchObject([{ isGood: false }]);
  });

  it('whose field a person has given its meaning is read as that', () => {
    const wiring = new HeadWiring(headOf({ ec: { device: 'tram', metric: 'ec', unit: 'µS/cm' } }));
    const mapped = { metric: 'water_ec', device: 'tram', channel: 'ec', value: 1.6, quality: 0 } as const;
    expect(wiring.take([mapped])).toMatchObject([{ quantity: 'ec', value: 1.6, isGood: true }]);
  });

  it('that says EC by a name that nobody has stated is not believed, but known by its field', async () => {
    const wiring = new HeadWiring(headOf({ ec: { device: 'tram' }, ph: { device: 'tram' } }));
    expect(await heard(wiring, plain, '{"ec":1.6,"ph":6.1}')).toEqual([]);
    expect([wiring.unnamed('ec', 0), wiring.unnamed('ph', 0)]).toEqual(['ec', 'ph']);
  });

  it.each<[probe: object, quantity: 'ec' | 'ph', problem: RegExp]>([
    [
      { metric: 'tds' },
      'ec',
      /^heads\[0\]\.ec\.probes\[0\]\.metric 'tds' is none that a probe of ec may have: water_ec, /,
    ],
    [{ metric: 'water_ph' }, 'ec', /^heads\[0\]\.ec\.probes\[0\]\.metric 'water_ph' is none/],
    [{ metric: 'ec' }, 'ec', /^heads\[0\]\.ec\.probes\[0\] lacks unit: .*mS\/cm or µS\/cm/],
    [
      { metric: 'ec', unit: 'ppm' },
      'ec',
      /^heads\[0\]\.ec\.probes\[0\]\.unit 'ppm' is no unit of conductivity, and meters /,
    ],
    [{ metric: 'ec', unit: '°C' }, 'ec', /unit '°C' is no unit of conductivity: use mS\/cm/],
    [
      { unit: 'µS/cm' },
      'ec',
      /probes\[0\]\.unit is for a field of another name than ours: water_ec is always mS\/cm/,
    ],
    [{ metric: 'ph', unit: 'pH' }, 'ph', /^heads\[0\]\.ph\.probes\[0\]\.unit /],
    [
      { metric: 'orp' },
      'ph',
      /^heads\[0\]\.ph\.probes\[0\]\.metric 'orp' is none that a probe of ph may have: water_ph, soil_ph, ph/,
    ],
  ])('stated as %j of %s is refused by its field', (probe, quantity, problem) => {
    const farm = documentedFarm();
    Object.assign(farm.heads?.[0]?.[quantity].probes[0] ?? {}, probe);
    expect(farmProblems(farm)).toEqual([expect.stringMatching(problem)]);
  });
});

it('a head whose probe says pH by a name that nobody has stated doses nothing, and says which field that is', async () => {
  const rig = await new Rig().ready();
  delete rig.probes['do-ph'];
  await rig.water();
  await rig.wait(200, () => rig.says('raw', 'do-ph', 6.1, { channel: 'PH' }));
  expect(rig.running).toEqual([]);
  expect(rig.head()).toMatchObject({
    reason: { key: 'dose_probe_unnamed', figures: { quantity: 'ph', device: 'do-ph', field: 'PH' } },
  });
});
