import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

it('has defaults for everything', () => {
  expect(readConfig({})).toMatchObject({
    mqttPort: 1883,
    httpPort: 8081,
    host: '0.0.0.0',
    demo: true,
    speed: 1,
    journalProfile: 'normal',
    journalMaxMiB: 2_048,
    influxUrl: undefined,
    uplinkUrl: undefined,
  });
});

it('runs a real farm in real time', () => {
  expect(readConfig({ NONGTIN_DEMO: 'off' })).toMatchObject({ demo: false, speed: 1 });
  expect(() => readConfig({ NONGTIN_DEMO: 'off', NONGTIN_SPEED: '60' })).toThrow(/NONGTIN_SPEED=60.*demo/);
});

it.each([
  ['NONGTIN_MQTT_PORT', '70000'],
  ['NONGTIN_MQTT_PORT', '18.5'],
  ['NONGTIN_GATEWAY_PORT', 'http'],
  ['NONGTIN_SPEED', '0'],
  ['NONGTIN_DEMO', 'yes'],
  ['NONGTIN_JOURNAL_PROFILE', 'kind'],
  ['NONGTIN_JOURNAL_MAX_MIB', '1'],
  ['NONGTIN_UPLINK_URL', 'ftp://cloud'],
  ['NONGTIN_INFLUX_URL', 'localhost:8086'],
  ['NONGTIN_MQTT_TLS_PORT', 'on'],
  ['NONGTIN_TLS_CERT', 'farm.pem'],
])('names the variable when %s is %s', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(name);
});

it('opens the further doors of the farm’s MQTT unless they are off', () => {
  expect(readConfig({})).toMatchObject({ mqttTlsPort: 8883, mqttWebSocketPort: 9001, tlsNames: [] });
  const off = {
    NONGTIN_MQTT_TLS_PORT: 'off',
    NONGTIN_MQTT_WS_PORT: 'off',
    NONGTIN_TLS_NAMES: 'a.vn, 10.0.0.5',
  };
  expect(readConfig(off)).toMatchObject({
    ...{ mqttTlsPort: undefined, mqttWebSocketPort: undefined, tlsNames: ['a.vn', '10.0.0.5'] },
  });
});

it('does not repeat an address that may hold a password', () => {
  expect(() => readConfig({ NONGTIN_UPLINK_URL: 'ftp://me:hunter2@cloud' })).toThrow(/^((?!hunter2).)*$/);
});
