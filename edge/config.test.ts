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
    remoteCommands: true,
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
  ['NONGTIN_REMOTE_COMMANDS', 'sometimes'],
  ['NONGTIN_JOURNAL_MAX_MIB', '1'],
  ['NONGTIN_UPLINK_URL', 'ftp://cloud'],
  ['NONGTIN_INFLUX_URL', 'localhost:8086'],
  ['NONGTIN_MQTT_TLS_PORT', 'on'],
  ['NONGTIN_MQTT_CONNECTIONS', '0'],
  ['NONGTIN_TLS_CERT', 'farm.pem'],
])('names the variable when %s is %s', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(name);
});

it('opens the further doors of the farm’s MQTT unless they are off', () => {
  expect(readConfig({})).toMatchObject({ mqttTlsPort: 8883, mqttWebSocketPort: 9001, tlsNames: [] });
  expect(readConfig({}).httpsPort).toBe(8444);
  expect(readConfig({ NONGTIN_GATEWAY_TLS_PORT: 'off' }).httpsPort).toBeUndefined();
  const off = {
    NONGTIN_MQTT_TLS_PORT: 'off',
    NONGTIN_MQTT_WS_PORT: 'off',
    NONGTIN_TLS_NAMES: 'a.vn, 10.0.0.5',
  };
  expect(readConfig(off)).toMatchObject({
    ...{ mqttTlsPort: undefined, mqttWebSocketPort: undefined, tlsNames: ['a.vn', '10.0.0.5'] },
  });
});

it('may keep the plain door for this machine alone', () => {
  const onlyHere = { NONGTIN_HOST: '10.0.0.5', NONGTIN_MQTT_HOST: '127.0.0.1' };
  expect(readConfig(onlyHere)).toMatchObject({ host: '10.0.0.5', mqttHost: '127.0.0.1' });
  expect(readConfig({ NONGTIN_HOST: '10.0.0.5' })).toMatchObject({ mqttHost: '10.0.0.5' });
});

it('does not repeat an address that may hold a password', () => {
  expect(() => readConfig({ NONGTIN_UPLINK_URL: 'ftp://me:hunter2@cloud' })).toThrow(/^((?!hunter2).)*$/);
});

it.each([
  ['mqtt://broker', { host: 'broker', port: 1883, login: undefined, tls: undefined }],
  [
    'mqtt://farm:p%40ss@10.0.0.7:2883/',
    { host: '10.0.0.7', port: 2883, login: { username: 'farm', password: 'p@ss' }, tls: undefined },
  ],
  ['mqtts://[::1]', { host: '::1', port: 8883, login: undefined, tls: { caFile: undefined } }],
])('takes %s as the broker that devices speak to', (address, expected) => {
  expect(readConfig({ NONGTIN_MQTT_BROKER_URL: address }).externalBroker).toEqual(expected);
});

it.each([
  ['http://broker', /starts with mqtt/],
  ['mqtt://farm@broker', /USER:PASSWORD/],
  ['mqtt://farm:hunter2@broker/path', /nothing else/],
  ['mqtt://', /NONGTIN_MQTT_BROKER_URL/],
  ['mqtt://farm:100%@broker', /%25/],
])('says what is wrong with %s, and no password', (address, expected) => {
  const read = () => readConfig({ NONGTIN_MQTT_BROKER_URL: address });
  expect(read).toThrow(expected);
  expect(read).toThrow(/^((?!hunter2).)*$/);
});

it('wants a certificate authority only for TLS', () => {
  const read = (address: string) =>
    readConfig({ NONGTIN_MQTT_BROKER_URL: address, NONGTIN_MQTT_BROKER_CA: '/ca.pem' }).externalBroker;
  expect(read('mqtts://broker')?.tls).toEqual({ caFile: '/ca.pem' });
  expect(() => read('mqtt://broker')).toThrow(/NONGTIN_MQTT_BROKER_CA/);
  expect(readConfig({}).externalBroker).toBeUndefined();
  const uplink = (more: object) => readConfig({ NONGTIN_UPLINK_CA: '/ca.pem', ...more }).uplinkCaFile;
  expect(uplink({})).toBe('/ca.pem');
  expect(uplink({ NONGTIN_UPLINK_URL: 'mqtts://cloud' })).toBe('/ca.pem');
  expect(() => uplink({ NONGTIN_UPLINK_URL: 'mqtt://cloud' })).toThrow(/NONGTIN_UPLINK_CA/);
});
