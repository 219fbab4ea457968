import { matchTopic } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTemplate } from './home-assistant-template.ts';
import { createProfiles, type Parsed, type ParsedMessage, type ProfileMemory, shortMemory } from './index.ts';

const evaluate = (template: string, text: string) => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const read = parseTemplate(template);
  return 'problem' in read ? undefined : read.evaluate(text, json);
};

describe('templates', () => {
  it.each([
    ['{{ value }}', '21.5', '21.5'],
    ['{{value|float}}', '21.5', 21.5],
    ['{{ value_json.a.b }}', '{"a":{"b":3}}', 3],
    ['{{ value_json["a b"][1] }}', '{"a b":[1,2]}', 2],
    ["{{ value_json['a']['đất'] }}", '{"a":{"đất":4}}', 4],
    ['{{- value_json.a -}}', '{"a":"ON"}', 'ON'],
    ['{{ value_json.a | float * 0.1 }}', '{"a":"271"}', 27.1],
    ['{{ value_json.a / 100 }}', '{"a":1234}', 12.34],
    ['{{ value_json.a + 2 * 3 - 1 }}', '{"a":1}', 6],
    ['{{ (value_json.a + 2) * 3 }}', '{"a":1}', 9],
    ['{{ (value_json.a / 3) | round(2) }}', '{"a":1}', 0.33],
    ['{{ value_json.a | round(1) }}', '{"a":2.345}', 2.3],
    ['{{ value_json.a | int }}', '{"a":"7.9"}', 7],
    ['{{ value_json.a | multiply(-0.5) | abs }}', '{"a":4}', 2],
    ['{{ value_json.a | is_defined }}', '{"a":false}', false],
    ['{{ -2 + value_json.a }}', '{"a":5}', 3],
    ['{{ value_json }}', '41.7', 41.7],
    ['{{ -value_json.x }}', '{"x":3}', -3],
    ['{{ -value_json.x | abs }}', '{"x":3}', 3],
    ['{{ 2 - -value_json.x }}', '{"x":3}', 5],
    ['{{ -(value | float) }}', '3', -3],
    ['{{ value_json.x * -1 }}', '{"x":3}', -3],
    ['{{ (value_json.t|float - 32) * 5 / 9 }}', '{"t":"212"}', 100],
    ['{{ ((value_json.t | float - 32) * 5 / 9) | round(1) }}', '{"t":70}', 21.1],
    ['{{ float(value_json.t) / 10 }}', '{"t":"215"}', 21.5],
    ['{{ float(value_json.t, 0) + int(value) }}', '{"t":"215"}', undefined],
    ['{{ value_json.t // 10 + value_json.t % 10 }}', '{"t":215}', 26],
    ['{{ value_json.t * 1e-3 }}', '{"t":215}', 0.215],
    [`{{ ${'('.repeat(100)}value_json.t${')'.repeat(100)} }}`, '{"t":215}', 215],
  ])('%s of %s is %j', (template, text, expected) => {
    const value = evaluate(template, text);
    if (typeof expected === 'number') expect(value).toBeCloseTo(expected, 9);
    else expect(value).toBe(expected);
  });

  it.each([
    ['{{ value_json.b }}', '{"a":1}'],
    ['{{ value_json.a.b }}', '{"a":null}'],
    ['{{ value_json.a | float(0) }}', '{"a":"none"}'],
    ['{{ value_json.a | default(0) | float(default=-1) }}', '{}'],
    ["{{ value_json.a | default('none') }}", '{}'],
    ['{{ value_json.a | float * 2 }}', '{}'],
    ['{{ 6 / value_json.a }}', '{"a":0}'],
    ['{{ value_json.constructor.name }}', '{}'],
    ['{{ value_json.__proto__ }}', '{}'],
    ['{{ value_json.a }}', 'no JSON'],
  ])('%s has no value in %s', (template, text) => {
    expect(parseTemplate(template)).not.toHaveProperty('problem');
    expect(evaluate(template, text)).toBeUndefined();
  });

  it.each([
    '{% if value_json.a %}1{% endif %}',
    '{{ value_json.a }} °C',
    '{{ value_json.a }}{{ value_json.b }}',
    '{{ value_json.a if value_json.a else 0 }}',
    '{{ states("sensor.x") }}',
    '{{ value_json.a | regex_replace("a", "b") }}',
    '{{ value_json.a() }}',
    '{{ value.__class__ }}',
    "{{ value_json.a | round(1, 'floor') }}",
    '{{ value_json.a | float(=) }}',
    '{{ value_json[a] }}',
    '{{ 1 + }}',
    '{{ 1 / 0 }}',
    '{{ 5 }}',
    '{{ value_json.a / 0 }}',
    '{{ - }}',
    '{{ value_json.a ** 2 }}',
    '{{ float() }}',
    '{{ 10cm }}',
    '{{ }}',
    'value_json.a',
    `{{ ${'('.repeat(400)}`,
    `{{ value_json${'.a'.repeat(200)} }}`,
  ])('%s is not understood, with the reason', (template) => {
    expect(parseTemplate(template)).toEqual({ problem: expect.stringMatching(/./) });
  });

  it('are never run, whatever stands in them', () => {
    const words = [
      'value',
      'value_json',
      '.',
      '[',
      ']',
      '(',
      ')',
      '|',
      'float',
      'round',
      '*',
      '/',
      '"a"',
      '1',
      '-',
      ',',
    ];
    const source = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(source, fc.json(), (inner, text) => {
        const value = evaluate(`{{ ${inner} }}`, text);
        expect(['undefined', 'string', 'number', 'boolean']).toContain(typeof value);
        if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('discovery', () => {
  function farm(memory: ProfileMemory = shortMemory()) {
    const profiles = createProfiles(memory);
    return {
      say(speaker: string, topic: string, payload: unknown): Parsed | undefined {
        const match = matchTopic(topic);
        if (match === undefined) throw new Error(`${topic} is in no row`);
        const spoken = { speaker, topic, name: match.name, rest: match.rest };
        const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
        const parsed = profiles
          .find(spoken)
          ?.parse({ ...spoken, payload: bytes, receivedAtMs: 0, zoneOffsetMinutes: 420 });
        if (parsed instanceof Promise) throw new Error('not at once');
        return parsed;
      },
    };
  }
  const temperature = (topic: string, device: object, name = 'T') => ({
    name,
    stat_t: topic,
    dev_cla: 'temperature',
    unit_of_meas: '°C',
    dev: device,
  });
  const readings = (parsed: Parsed | undefined) => (parsed as ParsedMessage).readings;
  const device = (parsed: Parsed | undefined) => (parsed as ParsedMessage).device;

  it('survives a restart, with the names it has given', () => {
    const memory = shortMemory();
    const before = farm(memory);
    before.say('b1', 'homeassistant/sensor/one/config', temperature('b1/one', { ids: 'x' }));
    expect(readings(before.say('b1', 'b1/one', '21'))).toEqual([
      { metric: 'temperature', channel: '', value: 21 },
    ]);
    before.say('b1', 'homeassistant/sensor/two/config', temperature('b1/two', { ids: 'x' }, 'Bồn'));
    const after = farm(memory);
    expect(readings(after.say('b1', 'b1/two', '22'))).toMatchObject([{ channel: 'Bồn' }]);
    expect(readings(after.say('b1', 'b1/one', '23'))).toMatchObject([{ channel: '' }]);
  });

  it('names devices behind a speaker that announces several, and the two of one name apart', () => {
    const { say } = farm();
    for (const id of ['x', 'y', 'z']) {
      const name = id === 'z' ? 'Kho' : 'Vườn';
      say('b1', `homeassistant/sensor/${id}/config`, temperature(`b1/${id}`, { ids: [id], name }));
    }
    expect(['x', 'y', 'z'].map((id) => device(say('b1', `b1/${id}`, '21')))).toEqual([
      'Vườn x',
      'Vườn y',
      'Kho',
    ]);
  });

  it('keeps the values of two devices on one topic apart', () => {
    const { say } = farm();
    for (const id of ['x', 'y']) {
      const config = { ...temperature('b1/all', { ids: id, name: id }), val_tpl: `{{ value_json.${id} }}` };
      say('b1', `homeassistant/sensor/${id}/config`, config);
    }
    expect(readings(say('b1', 'b1/all', { x: 1, y: 2 }))).toEqual([
      { metric: 'temperature', channel: 'x', value: 1 },
      { metric: 'temperature', channel: 'y', value: 2 },
    ]);
  });

  it('gives two values of one name a place each', () => {
    const { say } = farm();
    for (const id of ['x', 'y']) {
      const config = { ...temperature('b1/all', { ids: 'one' }), val_tpl: `{{ value_json.${id} }}` };
      say('b1', `homeassistant/sensor/b1/${id}/config`, config);
    }
    const channels = readings(say('b1', 'b1/all', { x: 1, y: 2 })).map(({ channel }) => channel);
    expect(new Set(channels).size).toBe(2);
  });

  it.each([
    ['{{ 1 / 0 }}', 'reads nothing of the message'],
    ['{{ value_json.a / 0 }}', 'gives no value, such as by a division by 0'],
    [`{{ ${'('.repeat(1_500)}value${')'.repeat(1_500)} }}`, 'longer than 300 characters'],
    ['{% if value_json.a %}1{% endif %}', 'not one value in {{ }}'],
    ['{{ value_json.a | regex_replace("a") }}', 'not a path with filters and arithmetic'],
  ])('lists the template %s as not understood, with the reason', (template, reason) => {
    const { say } = farm();
    const config = { ...temperature('b1/all', { ids: 'x' }, 'Đất'), val_tpl: template };
    expect(say('b1', 'homeassistant/sensor/x/config', config)).toMatchObject({
      kind: 'problem',
      detail: expect.stringMatching(/^this template is not understood.*'Đất': \{/),
    });
    expect(say('b1', 'homeassistant/sensor/y/config', { ...config, name: 'Y' })).toMatchObject({
      detail: expect.stringContaining(reason),
    });
  });

  it('tells of a value that a template cannot be made of, and of none that is not in the message', () => {
    const { say } = farm();
    const config = { ...temperature('b1/all', { ids: 'x' }), val_tpl: '{{ 6 / value_json.a.b.c.d.e }}' };
    say('b1', 'homeassistant/sensor/x/config', config);
    const told = (e: unknown) => say('b1', 'b1/all', { a: { b: { c: { d: { e } } } } });
    expect(told(3)).toMatchObject({ readings: [{ metric: 'temperature', channel: '', value: 2 }] });
    expect(say('b1', 'b1/all', { e: 'x' })).toMatchObject({ readings: [], missing: 0, garbled: 0 });
    expect(say('b1', 'b1/all', { a: { b: { c: { d: 1 } } } })).toMatchObject({ missing: 0, garbled: 0 });
  });

  it.each(['unavailable', 'unknown', 'NaN', 'None', ''])('takes %j for a sensor without a value', (word) => {
    const { say } = farm();
    say('b1', 'homeassistant/sensor/x/config', temperature('b1/x', { ids: 'x' }));
    expect(say('b1', 'b1/x', word)).toMatchObject({ readings: [], missing: 1, garbled: 0 });
    expect(say('b1', 'b1/x', 'warm')).toMatchObject({ readings: [], missing: 1, garbled: 1 });
    expect(say('b1', 'b1/x', '77 °F')).toMatchObject({ readings: [{ metric: 'temperature', value: 25 }] });
    expect(say('b1', 'b1/x', '77 %')).toMatchObject({
      readings: [{ metric: 'raw', value: 77, unit: '%', rawReason: 'unit' }],
    });
  });

  it('takes a battery for that of its device, and of several for that of none but itself', () => {
    const { say } = farm();
    const battery = (component: string, id: string, dev: string) =>
      say('b1', `homeassistant/${component}/${id}/config`, {
        ...{ name: id, stat_t: `b1/${id}`, dev_cla: 'battery', unit_of_meas: '%', dev: { ids: dev } },
      });
    battery('binary_sensor', 'weak', 'x');
    battery('sensor', 'level', 'x');
    expect(readings(say('b1', 'b1/weak', 'ON'))).toEqual([
      { metric: 'raw', channel: 'weak', value: 1, powers: '' },
    ]);
    expect(readings(say('b1', 'b1/level', '80'))).toEqual([
      { metric: 'battery', channel: '', value: 80, powers: '' },
    ]);
    battery('binary_sensor', 'other', 'x');
    expect(readings(say('b1', 'b1/other', 'OFF'))).toEqual([
      { metric: 'raw', channel: 'other', value: 0, powers: 'other' },
    ]);
  });

  it('listens to no announcement of another’s topics, even when they say the same', () => {
    const { say } = farm();
    say('liar', 'homeassistant/sensor/one/config', temperature('b1/one', { ids: 'x' }));
    expect(say('b1', 'b1/one', '21')).toBeUndefined();
  });

  it('has an end: a speaker that announces on and on is told so, and others are not touched', () => {
    const { say } = farm();
    say('b1', 'homeassistant/sensor/one/config', temperature('b1/one', { ids: 'x' }));
    const answers = Array.from({ length: 401 }, (_, n) =>
      say('b2', `homeassistant/sensor/s${n}/config`, temperature(`b2/${n}`, { ids: 'x' })),
    );
    expect(answers[399]).toEqual({ kind: 'nothing' });
    expect(answers[400]).toMatchObject({ kind: 'problem', cause: 'too_many_fields' });
    expect(readings(say('b1', 'b1/one', '21'))).toHaveLength(1);
    say('b2', 'homeassistant/sensor/s7/config', '');
    expect(say('b2', 'homeassistant/sensor/new/config', temperature('b2/new', { ids: 'x' }))).toEqual({
      kind: 'nothing',
    });
  });
});
