import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Identity, isOwnQuestion, mayPublish, mayReceive, maySubscribe } from './acl.ts';

const valve: Identity = { id: 'valve-1', role: 'device' };
const gateway: Identity = { id: 'gw-1', role: 'gateway' };
const cloud: Identity = { id: 'cloud', role: 'cloud' };
const technician: Identity = { id: 'an', role: 'technician' };
const nodeRed: Identity = { id: 'flows', role: 'node-red' };

describe('who may publish where', () => {
  it.each([
    [valve, 'nongtin/v1/valve-1/readings', true],
    [valve, 'tele/valve-1/SENSOR', true],
    [valve, 'nongtin/v1/valve-2/readings', false],
    [valve, 'tele/valve-2/SENSOR', false],
    [valve, 'nongtin/v1/valve-1/valve/command', false],
    [valve, 'cmnd/valve-1/POWER', false],
    [valve, 'cmnd/valve-2/POWER', false],
    [valve, 'nongtin/v1/uplink/valve-1/entries', false],
    [valve, '$SYS/anything', false],
    [valve, 'anything', false],
    [valve, '', false],
    [valve, `tele/valve-1/${'a/'.repeat(9)}b`, true],
    [valve, `tele/valve-1/${'a/'.repeat(10)}b`, false],
    [valve, `tele/valve-1/${'a'.repeat(300)}`, false],
    [valve, 'tele/valve-1/a\u0000b', false],
    [gateway, 'nongtin/v1/uplink/gw-1/entries', true],
    [gateway, 'nongtin/v1/uplink/gw-2/entries', false],
    [gateway, 'nongtin/v1/uplink/gw-1/answer', false],
    [gateway, 'nongtin/v1/gw-1/readings', false],
    [cloud, 'nongtin/v1/uplink/gw-2/answer', true],
    [cloud, 'nongtin/v1/uplink/gw-2/entries', false],
    [technician, 'local/notes', true],
    [nodeRed, 'local/flow/1', true],
    [valve, 'local/flow/1', false],
    [technician, 'nongtin/v1/valve-1/valve/command', false],
    [nodeRed, 'nongtin/v1/valve-1/valve/command', false],
    [nodeRed, 'cmnd/valve-1/POWER', false],
    [nodeRed, 'nongtin/v1/valve-1/readings', false],
    [technician, 'an/anything', false],
  ] as const)('%o on %s: %s', (identity, topic, allowed) => {
    expect(mayPublish(identity, topic)).toBe(allowed);
  });
});

describe('what a Tasmota device asks itself when it connects', () => {
  it.each([
    ['cmnd/valve-1/POWER', 0, true],
    ['valve-1/cmnd/POWER1', 0, true],
    ['cmnd/valve-1/POWER', 2, false],
    ['cmnd/valve-1/RESTART', 0, false],
    ['cmnd/valve-2/POWER', 0, false],
    ['nongtin/v1/valve-1/valve/command', 0, false],
  ] as const)('%s with %i bytes: %s', (topic, bytes, allowed) => {
    expect(isOwnQuestion(valve, topic, bytes)).toBe(allowed);
  });
});

describe('who may subscribe to what', () => {
  it.each([
    [valve, 'nongtin/v1/valve-1/valve/command', true],
    [valve, 'cmnd/valve-1/#', true],
    [valve, 'cmnd/valve-1/+', true],
    [valve, 'cmnd/valve-1/POWER', true],
    [valve, 'cmnd/valve-2/#', false],
    [valve, 'cmnd/+/POWER', false],
    [valve, 'cmnd/#', false],
    [valve, '#', false],
    [valve, '+/valve-1/#', false],
    [valve, '$SYS/#', false],
    [valve, '$share/group/cmnd/valve-1/#', false],
    [valve, 'nongtin/v1/valve-1/#', false],
    [valve, 'nongtin/v1/valve-1/valve/+', false],
    [valve, 'nongtin/v1/valve-1/valve/command/#', false],
    [valve, 'tele/valve-1/#', false],
    [gateway, 'nongtin/v1/uplink/gw-1/answer', true],
    [gateway, 'nongtin/v1/uplink/+/answer', false],
    [cloud, 'nongtin/v1/uplink/+/entries', true],
    [cloud, 'nongtin/v1/uplink/#', false],
    [technician, '#', true],
    [nodeRed, 'tele/+/SENSOR', true],
    [technician, '$SYS/#', true],
    [cloud, '$SYS/broker/uptime', true],
    [gateway, '$SYS/broker/#', false],
    [technician, '$other/#', false],
    [technician, '$share/group/tele/#', false],
  ] as const)('%o to %s: %s', (identity, filter, allowed) => {
    expect(maySubscribe(identity, filter)).toBe(allowed);
  });

  it('lets no filter through that matches a topic which may not be received', () => {
    const level = fc.constantFrom(
      'cmnd',
      'tele',
      'nongtin',
      'v1',
      'valve-1',
      'valve-2',
      'valve',
      'command',
      'uplink',
      'answer',
      'x',
    );
    const anyFilter = fc.array(
      fc.oneof({ weight: 4, arbitrary: level }, { weight: 1, arbitrary: fc.constantFrom('+', '#') }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(anyFilter, fc.array(level, { minLength: 6, maxLength: 6 }), (filter, fill) => {
        if (!maySubscribe(valve, filter.join('/'))) return;
        // A topic that the filter matches: wildcards filled in.
        const open = filter.indexOf('#');
        const levels = filter.map((part, index) => (part === '+' ? (fill[index] ?? 'x') : part));
        const topic = (open < 0 ? levels : [...levels.slice(0, open), fill[0] ?? 'x']).join('/');
        expect(mayReceive(valve, topic)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });
});
