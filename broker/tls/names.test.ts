import type { NetworkInterfaceInfo } from 'node:os';
import { StartProblem } from '@nongtin/service';
import { describe, expect, it } from 'vitest';
import { checkedNames, namesOfMachine } from './names.ts';

function at(address: string, internal = false): NetworkInterfaceInfo {
  const rest = { netmask: '', mac: '', internal, cidr: null };
  return address.includes(':')
    ? { ...rest, address, family: 'IPv6', scopeid: 0 }
    : { ...rest, address, family: 'IPv4' };
}

describe('the names of a machine', () => {
  it('are its host name, what every gateway is called, and its addresses', () => {
    const interfaces = {
      lo: [at('127.0.0.1', true), at('::1', true)],
      eth0: [at('192.168.1.5'), at('fd00::5'), at('fe80::1234')],
      wlan0: [at('10.0.0.2'), at('192.168.1.5')],
      down: undefined,
    };
    expect(namesOfMachine('Gateway-Thu', interfaces)).toEqual([
      ...['gateway-thu', 'gateway-thu.local', 'localhost', 'nongtin.local', '127.0.0.1', '::1'],
      ...['192.168.1.5', 'fd00::5', '10.0.0.2'],
    ]);
  });

  it('are the short one too when the host name has a domain', () => {
    expect(namesOfMachine('pi.farm.lan', {}).slice(0, 3)).toEqual(['pi.farm.lan', 'pi', 'pi.local']);
  });

  it.each(['', 'máy chủ', '-', '.', '192.168.1.5'])('leave out a host name that is none: %j', (host) => {
    const names = namesOfMachine(host, {});
    expect(checkedNames(names)).toEqual(names);
    expect(names).toContain('nongtin.local');
  });

  it('can stand in a certificate, here and now', () => {
    expect(checkedNames(namesOfMachine())).toEqual(namesOfMachine());
  });
});

describe('names from a configuration', () => {
  it('are taken once each, in one spelling', () => {
    expect(
      checkedNames(['MQTT.Farm.example.', 'mqtt.farm.example', 'FD00:0::5', 'fd00::5', 'my_pi', '1.2.3.4']),
    ).toEqual(['mqtt.farm.example', 'fd00::5', 'my_pi', '1.2.3.4']);
    expect(checkedNames(['::ffff:1.2.3.4'])).toEqual(['::ffff:102:304']);
  });

  it.each([
    '',
    ' ',
    'a b',
    '*.farm',
    'máy',
    'a..b',
    '-a',
    '1.2.3',
    '1.2.3.999',
    'fe80::1',
    'fd00::1%eth0',
    'mqtt://farm',
    'farm:8883',
    'a'.repeat(64),
  ])('are refused when they are neither host name nor address: %j', (name) => {
    expect(() => checkedNames(['localhost', name])).toThrow(StartProblem);
  });
});
