import type { NetworkInterfaceInfo } from 'node:os';
import type { DemoSecrets } from '@nongtin/accounts';
import type { StartConfig } from './config.ts';

interface Running {
  readonly config: StartConfig;
  readonly secrets: DemoSecrets | undefined;
  /** The InfluxDB that readings go to; undefined: SQLite. */
  readonly influxUrl: string | undefined;
  /** Somebody is told of alarms. */
  readonly tellsPeople: boolean;
  readonly seconds: number;
  /** By which other machines reach this one; undefined: it is on no network. */
  readonly lanAddress?: string | undefined;
  readonly nowMs: number;
}

/** What `npm start` prints when everything answers: where to look, who may sign in, what to try. */
export function doorsText(running: Running): string {
  const { config, secrets, influxUrl, seconds } = running;
  return [
    '',
    `Nông Tín đang chạy · Nông Tín is running (after ${seconds.toFixed(1)} s)`,
    '',
    ...table(doorRows(config, influxUrl)),
    ...diaryLines(running),
    ...(secrets === undefined ? [] : demoLines(running, secrets)),
    ...(running.tellsPeople ? [] : setUpLines(running)),
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}

function doorRows(config: StartConfig, influxUrl: string | undefined): string[][] {
  const { mqtt, gateway, cloud, rpc } = config.doors;
  const { mqttTls, mqttWebSocket, gatewayTls, cloudTls, uplinkTls } = config.further;
  return [
    ['field dashboard', `http://localhost:${gateway.port}`],
    ...(gatewayTls ? [['the same, TLS', `https://localhost:${gatewayTls.port}`]] : []),
    ['console', `http://localhost:${cloud.port}/console`],
    ['cloud', `http://localhost:${cloud.port}`],
    ...(cloudTls ? [[cloudTls.name, `https://localhost:${cloudTls.port}`]] : []),
    ...(uplinkTls ? [[uplinkTls.name, `mqtts://localhost:${uplinkTls.port}`]] : []),
    ['farm MQTT', config.externalMqttUrl ?? `mqtt://localhost:${mqtt.port}`],
    ...(mqttTls ? [[mqttTls.name, `mqtts://localhost:${mqttTls.port}`]] : []),
    ...(mqttWebSocket ? [[mqttWebSocket.name, `ws://localhost:${mqttWebSocket.port}, wss://`]] : []),
    ['chain RPC', config.externalRpcUrl ?? `http://localhost:${rpc.port}`],
    ['readings', influxUrl ?? 'SQLite (install influxdb to have them there)'],
    ['data', `${config.dataDir}  (delete it to start afresh)`],
    ['logs', `${config.dataDir}/logs`],
  ];
}

/** How phones come to the diary; nothing is printed where there is no door for them. */
function diaryLines({ config, lanAddress = 'THIS-COMPUTER' }: Running): string[] {
  const { gatewayTls } = config.further;
  if (gatewayTls === undefined) return [];
  return [
    '',
    'Nhật ký trên điện thoại, cả khi không có sóng · The diary on phones, also without a signal:',
    `  https://${lanAddress}:${gatewayTls.port}/diary.html`,
    `  first the phone has to trust http://${lanAddress}:${config.doors.gateway.port}/nongtin-ca.crt (docs/operations.md, "The diary on phones")`,
  ];
}

function demoLines({ config, influxUrl, nowMs }: Running, secrets: DemoSecrets): string[] {
  const { users, secondManager } = secrets;
  const logins = [...Object.values(users), ...(secondManager ? [secondManager] : [])].map(
    ({ email, password }) => [email, password],
  );
  const broker = config.externalMqttUrl === undefined ? undefined : new URL(config.externalMqttUrl);
  const [host, port] = [broker?.hostname ?? 'localhost', broker?.port || config.doors.mqtt.port];
  // Tasmota sends the farm's wall clock, without an offset; the demo farm is in Vietnam.
  const time = new Date(nowMs + 7 * 3_600_000).toISOString().slice(0, 19);
  const lines = [
    '',
    secondManager ? 'Sign in as (one of each role, and a second manager):' : 'Sign in as (one of each role):',
    ...table(logins),
    '',
    'Send a reading as a device would:',
    `  mosquitto_pub -h ${host} -p ${port} -u probe9 -P ${secrets.devices.probe9 ?? ''} -q 1 -t tele/probe9/SENSOR -m '{"Time":"${time}","DS18B20":{"Temperature":24.1}}'`,
  ];
  if (influxUrl === undefined) return lines;
  const query = "SELECT value FROM temperature WHERE device = 'probe9' ORDER BY time DESC LIMIT 3";
  const { hostname, port: influxPort } = new URL(influxUrl);
  return [
    ...lines,
    'and see it in InfluxDB:',
    `  influx -host ${hostname} -port ${influxPort || '8086'} -database nongtin -execute "${query}"`,
  ];
}

function setUpLines({ config }: Running): string[] {
  return [
    '',
    'Chưa ai được báo động qua điện thoại · Nobody is told of alarms by phone yet (docs/notifications.md):',
    `  cp docs/notifications.example.json ${config.dataDir}/gateway/notifications.json   # then fill it in`,
  ];
}

/** The first IPv4 address that other machines may reach; undefined: there is none. */
export function addressOf(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): string | undefined {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

/** The line that follows when the demo's first stamp can be verified. */
export function stampText(url: string, anchored: boolean): string {
  const state = anchored ? '' : '  (its anchor is still on the way to the chain)';
  return `Tem đầu tiên · The first stamp, as a buyer scans it${state}:\n  ${url}\n`;
}

/** Rows in columns, two spaces in front. */
function table(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', ...rest]) => `  ${first.padEnd(width)}  ${rest.join('  ')}`);
}
