import { call, type Reason } from '../ui/api.ts';
import type { Farm } from './api.ts';

/** What the pages of onboarding ask of the gateway, and how they understand its answers. */
export interface FoundValue {
  metric: string;
  channel: string;
  unit: string;
  value: number;
}

interface PossibleValve {
  channel: string;
  valve: unknown;
  missing: string[];
  isDrivable: boolean;
}

export interface FoundDevice {
  id: string;
  family: string | null;
  model: string | null;
  firmware: string | null;
  firstSeenAtMs: number;
  lastSeenAtMs: number;
  isDismissed: boolean;
  formerOf: string | null;
  values: FoundValue[];
  outputs: PossibleValve[];
  missing: string[];
}

export interface FoundList {
  found: FoundDevice[];
  /** Wanted to sign in and is not known. */
  refused: { identity: string; atMs: number }[];
}

export interface WetTest {
  testId: string;
  atMs: number;
  outcome: 'passed' | 'failed' | 'stopped' | 'void' | 'assumed';
  cutOffSeconds: number;
  openedAfterSeconds: number | null;
  closedAfterSeconds: number | null;
  litres: number | null;
  flowLitresPerMinute: number | null;
  bucketLitres?: number;
  findings: Reason[];
}

export interface WetTests {
  readOnly: Reason | null;
  tests: WetTest[];
}

export type Role = 'soil_probe' | 'valve' | 'flow_meter' | 'sensor' | 'farm';
export const roles: readonly Role[] = ['soil_probe', 'valve', 'flow_meter', 'sensor', 'farm'];

/** Measured for the whole farm rather than for one zone. */
const WEATHER = new Set(['wind_speed', 'wind_gust', 'rain', 'rain_rate', 'solar_radiation', 'uv_index']);

/** What a device is most likely there for, by what it measures. */
export function likelyRole({ values, outputs }: FoundDevice): Role {
  const measures = (metric: string) => values.some((value) => value.metric === metric);
  if (outputs.some(({ valve }) => valve !== null)) return 'valve';
  if (measures('soil_moisture')) return 'soil_probe';
  if (measures('flow') || measures('volume')) return 'flow_meter';
  return values.some(({ metric }) => WEATHER.has(metric)) ? 'farm' : 'sensor';
}

export function zoneIn(farm: Farm | null, id: string) {
  return farm?.plots.flatMap((plot) => plot.zones).find((zone) => zone.id === id);
}

/** Why a role cannot be given in a zone, as a key of the catalogue; undefined: it can. */
export function roleObstacle(
  role: Role,
  device: FoundDevice,
  farm: Farm | null,
  zoneId: string,
): string | undefined {
  const zone = zoneIn(farm, zoneId);
  if (role === 'soil_probe' && zone?.soilProbe) return 'onboard.hasProbe';
  if (role === 'valve') {
    if (zone?.valve) return 'onboard.hasValve';
    if (device.outputs.length === 0) return 'onboard.noOutput';
    if (device.outputs.every(({ valve }) => valve === null)) return 'onboard.byCommand';
  }
  if (role === 'flow_meter' && !zone?.valve) return 'onboard.valveFirst';
  return undefined;
}

/** Where devices reach the farm's MQTT. */
export interface Doors {
  /** Null: at the gateway. */
  host: string | null;
  ownHosts: string[];
  mqttPort: number | null;
  tlsPort: number | null;
}

export const doors = () => call<Doors>('/api/tls');

/** The host to print: a page that was opened on the gateway itself does not know by which name devices reach that. */
export function hostFor({ host, ownHosts }: Doors, pageHost: string): string {
  const isLocal = pageHost === 'localhost' || pageHost === '127.0.0.1';
  return host ?? (isLocal ? (ownHosts[0] ?? '') : pageHost);
}

/** What a device needs to sign in, as the QR code holds it: docs/devices.md. */
export function credentialUri(to: {
  host: string;
  mqttPort: number | null;
  tlsPort: number | null;
  id: string;
  password: string;
}): string {
  const { mqttPort, tlsPort } = to;
  const host = to.host.includes(':') && !to.host.startsWith('[') ? `[${to.host}]` : to.host;
  const login = `${encodeURIComponent(to.id)}:${encodeURIComponent(to.password)}`;
  if (mqttPort === null) return `mqtts://${login}@${host}${tlsPort === null ? '' : `:${tlsPort}`}`;
  return `mqtt://${login}@${host}:${mqttPort}${tlsPort === null ? '' : `?tls=${tlsPort}`}`;
}

export const foundDevices = () => call<FoundList>('/api/devices/found');
export const wetTests = (zone: string) => call<WetTests>(`/api/zones/${encodeURIComponent(zone)}/wet-tests`);
