import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  IDENTITY,
  isReservedName,
  matchTopic,
  type TopicName,
  type TopicRule,
  topicOf,
  topics,
} from './index.ts';

/** What makes a device of some family act. */
const COMMANDS = [
  'cmnd/a/POWER1',
  'a/cmnd/POWER1',
  'zigbee2mqtt/valve/set',
  'zigbee2mqtt/north/valve/set',
  'zigbee2mqtt/valve/l1/set',
  'zigbee2mqtt/valve/set/state',
  'zigbee2mqtt/north/valve/l1/set/on_time',
  'zigbee2mqtt/valve/get/state',
  'zigbee2mqtt/bridge/request/permit_join',
  'z2m-1/valve/set',
  'z2m-1/valve/set/state',
  'z2m-1/valve/l1/get/state',
  'z2m-1/bridge/request/device/remove',
  'a/switch/relay/command',
  'a/rpc',
  'a/command',
  'a/command/switch:0',
  'application/17c82e96/device/0101010101010101/command/down',
  'v3/app1@ttn/devices/dev1/down/push',
  'v3/app1@ttn/devices/dev1/down/replace',
];

const names = Object.keys(topics) as TopicName[];
const anyName = fc.constantFrom(...names);
const anyIdentity = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const anyRest = fc.stringMatching(/^[A-Za-z0-9/]{1,20}$/);

describe('the topic table', () => {
  /** A concrete topic of the rule, and what its wildcards were filled with. */
  const filled = (name: TopicName, identity: string, fill: string) => {
    const rest: string[] = [];
    const take = (text: string) => {
      rest.push(text);
      return text;
    };
    const topic = topicOf(name, identity)
      .split('/')
      .map((level) => (level === '#' || level === '**' ? take(fill) : level === '+' ? take('x1') : level))
      .join('/');
    return { topic, rest: rest.join('/') };
  };

  it('finds every topic it makes, with its identity and what stands for the wildcards', () => {
    fc.assert(
      fc.property(anyName, anyIdentity, anyRest, (name, identity, fill) => {
        fc.pre(!isReservedName(identity));
        const { topic, rest } = filled(name, identity, fill);
        const own = topics[name].pattern.includes('{') ? identity : '';
        const found = matchTopic(topic);
        // An earlier, narrower row may have the same topic; never a later one.
        if (found?.name === name) expect(found).toEqual({ name, identity: own, rest });
        else expect(names.indexOf(found?.name ?? name)).toBeLessThan(names.indexOf(name));
      }),
    );
  });

  it('gives no row in vain: each one is found by a topic of its own', () => {
    for (const name of names) expect(matchTopic(filled(name, 'd1', 'x/y').topic)?.name).toBe(name);
  });

  it("lets no device have a name that begins a family's topics", () => {
    for (const name of ['nongtin', 'tele', 'cmnd', 'zigbee2mqtt', 'homeassistant', 'application', 'v3']) {
      expect(isReservedName(name)).toBe(true);
      expect(matchTopic(`${name}/x`)?.name).not.toBe('own');
    }
    expect(isReservedName('soil-1')).toBe(false);
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
    '$SYS/other/uptime',
    'nongtin/v1/+/readings',
    'nongtin/v1/a/readings/',
    '/nongtin/v1/a/readings',
    'nongtin/v2/a/readings',
    'nongtin/v1//readings',
    'tele/a',
    'tele//SENSOR',
    '+/d1/SENSOR',
    'homeassistant',
    'nongtin/v1/a/b/c',
  ])('does not know %j', (topic) => {
    expect(matchTopic(topic)).toBeUndefined();
  });

  it('lets only the controller speak on what makes a device act', () => {
    expect(topics.valveCommand.publish).toEqual(['controller']);
    for (const topic of COMMANDS) {
      const rule: TopicRule | undefined = topics[matchTopic(topic)?.name ?? 'own'];
      expect([topic, ...rule.publish]).toEqual([topic, 'controller']);
    }
  });
});
