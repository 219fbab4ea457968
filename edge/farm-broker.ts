import { join } from 'node:path';
import {
  type Broker,
  type CredentialStore,
  createBroker,
  type DurabilityHook,
  type FarmBroker,
  readGivenFiles,
} from '@nongtin/broker';
import type { Logger } from '@nongtin/service';
import type { Alarms } from './alarms/alarms.ts';
import type { ExternalBrokerConfig, GatewayConfig } from './config.ts';
import { authorityOf, openExternalBroker } from './external-broker.ts';
import { FurtherDoors, type FurtherDoorsState } from './further-doors.ts';
import { isLoopback, reachableHosts } from './hosts.ts';

interface FarmBrokerOptions {
  readonly config: GatewayConfig;
  /** The gateway's own. */
  readonly folder: string;
  readonly credentials: CredentialStore;
  readonly hook: DurabilityHook;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly logger: Logger;
}

/** What a device needs to reach the farm's MQTT. */
export interface FarmDoors extends FurtherDoorsState {
  /** Of a broker on another machine; null: it is on this one. */
  readonly host: string | null;
  /** Names and addresses under which devices may reach this machine, the likeliest first. */
  readonly ownHosts: string[];
  /** Of MQTT without TLS; null: there is none for devices. */
  readonly mqttPort: number | null;
}

/** The broker that the farm's devices speak to, not started yet: in this process, or elsewhere when a person says so. */
export function openFarmBroker(options: FarmBrokerOptions): {
  readonly broker: FarmBroker;
  readonly furtherDoors: Pick<FurtherDoors, 'start' | 'stop'>;
  readonly doors: () => FarmDoors;
} {
  const { config } = options;
  const { externalBroker, host, mqttHost, tlsNames } = config;
  if (externalBroker !== undefined) {
    const broker = openExternalBroker({ ...options, config: externalBroker });
    return { broker, furtherDoors: NO_DOORS, doors: doorsElsewhere(externalBroker, tlsNames) };
  }
  const broker = embedded(options);
  const furtherDoors = furtherDoorsOf(broker, options);
  // Bound to this machine alone while others come by TLS, the plain door is none for devices.
  const isPlainForAll = !isLoopback(mqttHost) || isLoopback(host);
  const doors = (): FarmDoors => ({
    host: null,
    ownHosts: reachableHosts(isPlainForAll ? mqttHost : host, tlsNames),
    mqttPort: isPlainForAll ? broker.port : null,
    ...furtherDoors.state(),
  });
  return { broker, furtherDoors, doors };
}

/** With a broker elsewhere its doors are its own, and so are its certificates. */
const NO_DOORS: Pick<FurtherDoors, 'start' | 'stop'> = { start: () => {}, stop: () => {} };

/** The one door of it that we know is the one by which we reach it ourselves. */
function doorsElsewhere(config: ExternalBrokerConfig, names: readonly string[]): () => FarmDoors {
  const { host, port, tls } = config;
  const isHere = isLoopback(host);
  const authority = authorityOf(config) ?? null;
  return () => ({
    host: isHere ? null : host,
    ownHosts: reachableHosts('0.0.0.0', names),
    ...(tls === undefined ? { mqttPort: port, tlsPort: null } : { mqttPort: null, tlsPort: port }),
    ...{ webSocketPort: null, authority, validToMs: null, tasmotaFingerprint: null },
  });
}

function embedded({ config, folder, credentials, hook, logger, clock }: FarmBrokerOptions): Broker {
  const { host, mqttHost, mqttPort, mqttConnections, mqttTlsPort, mqttWebSocketPort: webSocket } = config;
  return createBroker({
    host,
    plainHost: mqttHost,
    port: mqttPort,
    portVariable: 'NONGTIN_MQTT_PORT',
    ...(mqttTlsPort === undefined
      ? {}
      : { tls: { port: mqttTlsPort, portVariable: 'NONGTIN_MQTT_TLS_PORT' } }),
    ...(webSocket === undefined
      ? {}
      : { webSocket: { port: webSocket, portVariable: 'NONGTIN_MQTT_WS_PORT' } }),
    authenticate: (username, password) => credentials.verify(username, password),
    sessionsPath: join(folder, 'sessions.sqlite'),
    limits: { connections: mqttConnections },
    hook,
    logger,
    clock,
  });
}

function furtherDoorsOf(broker: Broker, { config, folder, clock, logger }: FarmBrokerOptions): FurtherDoors {
  const { tlsNames: names, tlsFiles: given } = config;
  // What a person has configured wrongly is told now, not in a log later.
  if (given) readGivenFiles(given, clock.nowMs());
  return new FurtherDoors({ broker, folder: join(folder, 'tls'), names, given, clock, logger });
}
