import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDENTITY, matchTopic, type TopicName, topicOf, topics } from './index.ts';

const names = Object.keys(topics) as TopicName[];
const anyName = fc.constantFrom(...names);
const anyIdentity = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const anyRest = fc.stringMatching(/^[A-Za-z0-9/]{1,20}$/);

describe('the topic table', () => {
  it('finds every topic it makes, with its identity and what stands for #', () => {
    fc.assert(
      fc.property(anyName, anyIdentity, anyRest, (name, identity, rest) => {
        const open = topics[name].pattern.endsWith('#');
        const topic = topicOf(name, identity).replace('#', () => rest);
        expect(matchTopic(topic)).toEqual({ name, identity, rest: open ? rest : '' });
      }),
    );
  });

  it('has one rule for a topic, so that the order of the table does not matter', () => {
    fc.assert(
      fc.property(anyIdentity, (identity) => {
        const made = names.map((name) => topicOf(name, identity).replace('#', 'x'));
        expect(new Set(made).size).toBe(names.length);
        expect(made.map((topic) => matchTopic(topic)?.name)).toEqual(names);
      }),
    );
  });

  it.each(['', '/', 'a/b', 'valve 1', '+', '#', '$SYS', '-a', 'ă', 'a\n', 'a'.repeat(65)])(
    'knows %j as no identity',
    (text) => {
      expect(IDENTITY.test(text)).toBe(false);
      expect(() => topicOf('readings', text)).toThrow(RangeError);
    },
  );

  it.each([
    '',
    '$SYS/broker/uptime',
    'nongtin/v1/+/readings',
    'nongtin/v1/a/readings/',
    '/nongtin/v1/a/readings',
    'nongtin/v2/a/readings',
    'nongtin/v1//readings',
    'tele/a',
    'tele//SENSOR',
    'TELE/a/SENSOR',
    'homeassistant/sensor/config',
  ])('does not know %j', (topic) => {
    expect(matchTopic(topic)).toBeUndefined();
  });

  it('lets only the controller speak on what makes a device act', () => {
    expect(topics.valveCommand.publish).toEqual(['controller']);
    expect(topics.tasmotaCommand.publish).toEqual(['controller']);
  });
});
