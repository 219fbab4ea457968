import { expect, it } from 'vitest';
import { credentialUri, hostFor } from './onboarding.ts';

const login = { id: 'soil-1', password: 'a/b' };

it.each([
  [{ host: '192.168.1.5', mqttPort: 1883, tlsPort: null }, 'mqtt://soil-1:a%2Fb@192.168.1.5:1883'],
  [{ host: 'fd00::5', mqttPort: 1883, tlsPort: 8883 }, 'mqtt://soil-1:a%2Fb@[fd00::5]:1883?tls=8883'],
  [{ host: 'broker.farm', mqttPort: null, tlsPort: 8884 }, 'mqtts://soil-1:a%2Fb@broker.farm:8884'],
])('a label for the door %j holds %s', (door, uri) => expect(credentialUri({ ...door, ...login })).toBe(uri));

it.each([
  ['its broker elsewhere', 'broker.farm', ['192.168.1.5'], 'gateway.local', 'broker.farm'],
  ['the name by which its page was opened', null, ['192.168.1.5'], 'gateway.local', 'gateway.local'],
  ['its address, where the page was opened on itself', null, ['192.168.1.5'], 'localhost', '192.168.1.5'],
  ['nothing, where it has no address', null, [], '127.0.0.1', ''],
])('a gateway proposes %s', (_what, host, ownHosts, pageHost, expected) => {
  expect(hostFor({ host, ownHosts, mqttPort: 1883, tlsPort: null }, pageHost)).toBe(expected);
});
