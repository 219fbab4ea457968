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
  return parseTemplate(template)?.evaluate({ text, json });
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
    ['{{ value_json.a / 0 }}', '{"a":1}'],
    ['{{ value_json.constructor.name }}', '{}'],
    ['{{ value_json.__proto__ }}', '{}'],
    ['{{ value_json.a }}', 'no JSON'],
  ])('%s has no value in %s', (template, text) => {
    expect(parseTemplate(template)).toBeDefined();
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
    '{{ }}',
    'value_json.a',
    `{{ ${'('.repeat(400)}`,
    `{{ value_json${'.a'.repeat(200)} }}`,
  ])('%s is not understood', (template) => {
    expect(parseTemplate(template)).toBeUndefined();
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
