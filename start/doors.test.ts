import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { addressOf, doorsText, stampText } from './doors.ts';

const config = readConfig({}, [], '/home/sau/nongtin');
const login = (role: string) => ({ email: `${role}@demo.nongtin.local`, password: `${role}-password` });
const secrets = {
  users: {
    member: login('member'),
    technician: login('technician'),
    manager: login('manager'),
    alliance_officer: login('alliance-officer'),
    auditor: login('auditor'),
  },
  devices: { probe9: '0123456789abcdef' },
  uplink: { gateway: 'gw-demo', password: 'x' },
};
const nowMs = Date.UTC(2026, 0, 31, 17, 30, 0);

test('the doors, the demo logins and a reading to try', () => {
  const text = doorsText({
    config,
    secrets,
    influxUrl: 'http://127.0.0.1:8086',
    seconds: 6.04,
    tellsPeople: true,
    nowMs,
    lanAddress: '192.168.1.5',
  });
  expect(text).toMatchInlineSnapshot(`
    "
    Nông Tín đang chạy · Nông Tín is running (after 6.0 s)

      field dashboard       http://localhost:8081
      the same, TLS         https://localhost:8444
      console               http://localhost:8080/console
      cloud                 http://localhost:8080
      cloud, TLS            https://localhost:8443
      cloud uplink, TLS     mqtts://localhost:8884
      farm MQTT             mqtt://localhost:1883
      farm MQTT, TLS        mqtts://localhost:8883
      farm MQTT, WebSocket  ws://localhost:9001, wss://
      chain RPC             http://localhost:8545
      readings              http://127.0.0.1:8086
      data                  /home/sau/nongtin/data  (delete it to start afresh)
      logs                  /home/sau/nongtin/data/logs

    Nhật ký trên điện thoại, cả khi không có sóng · The diary on phones, also without a signal:
      https://192.168.1.5:8444/diary.html
      first the phone has to trust http://192.168.1.5:8081/nongtin-ca.crt (docs/operations.md, "The diary on phones")

    Sign in as (one of each role):
      member@demo.nongtin.local            member-password
      technician@demo.nongtin.local        technician-password
      manager@demo.nongtin.local           manager-password
      alliance-officer@demo.nongtin.local  alliance-officer-password
      auditor@demo.nongtin.local           auditor-password

    Send a reading as a device would:
      mosquitto_pub -h localhost -p 1883 -u probe9 -P 0123456789abcdef -q 1 -t tele/probe9/SENSOR -m '{"Time":"2026-02-01T00:30:00","DS18B20":{"Temperature":24.1}}'
    and see it in InfluxDB:
      influx -host 127.0.0.1 -port 8086 -database nongtin -execute "SELECT value FROM temperature WHERE device = 'probe9' ORDER BY time DESC LIMIT 3"

    Ctrl-C stops everything.
    "
  `);
});

test('phones are told of no door that is not there, and not of the machine’s own address', () => {
  const further = { ...config.further, gatewayTls: undefined };
  const told = { secrets: undefined, influxUrl: undefined, seconds: 6, tellsPeople: true, nowMs };
  expect(doorsText({ ...told, config: { ...config, further } })).not.toContain('diary');
  expect(doorsText({ ...told, config })).toContain('https://THIS-COMPUTER:8444/diary.html');
  const own = { address: '127.0.0.1', family: 'IPv4', internal: true } as NetworkInterfaceInfo;
  const lan = { ...own, address: '10.1.2.3', internal: false } as NetworkInterfaceInfo;
  expect(addressOf({ lo: [own], eth0: undefined, wlan0: [{ ...lan, family: 'IPv6' } as never, lan] })).toBe(
    '10.1.2.3',
  );
  expect(addressOf({ lo: [own] })).toBeUndefined();
});

test('without the demo and without InfluxDB there is less to say', () => {
  const text = doorsText({
    config,
    secrets: undefined,
    influxUrl: undefined,
    seconds: 6,
    tellsPeople: true,
    nowMs,
  });
  expect(text).not.toContain('Sign in');
  expect(text).not.toContain('mosquitto_pub');
  expect(text).toContain('SQLite');
});

test('a broker elsewhere stands where ours would, without its log-in', () => {
  const there = readConfig({ NONGTIN_MQTT_BROKER_URL: 'mqtt://farm:secret@10.0.0.7:2883' }, [], '/home/sau');
  const further = { ...there.further, mqttTls: undefined, mqttWebSocket: undefined };
  const text = doorsText({
    ...{ config: { ...there, further }, secrets },
    influxUrl: undefined,
    seconds: 6,
    tellsPeople: true,
    nowMs,
  });
  expect(text).toMatch(/farm MQTT +mqtt:\/\/10\.0\.0\.7:2883\n/);
  expect(text).toContain('mosquitto_pub -h 10.0.0.7 -p 2883 ');
  expect(text).not.toContain('secret@');
  expect(text).not.toContain('1883');
});

test('the stamp’s link stands alone on its line', () => {
  const url = 'http://localhost:8080/01/08938500000003/21/ABCDEFGHJKLMNPQRSTUV';
  expect(stampText(url, true).split('\n')).toContain(`  ${url}`);
  expect(stampText(url, false)).toContain('still on the way');
});

test('says how people come to be told of alarms, until they are', () => {
  const told = { config, secrets: undefined, influxUrl: undefined, seconds: 6, nowMs };
  expect(doorsText({ ...told, tellsPeople: false })).toContain(
    'cp docs/notifications.example.json /home/sau/nongtin/data/gateway/notifications.json',
  );
  expect(doorsText({ ...told, tellsPeople: true })).not.toContain('notifications');
});
