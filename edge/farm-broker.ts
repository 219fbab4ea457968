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
import type { GatewayConfig } from './config.ts';
import { openExternalBroker } from './external-broker.ts';
import { FurtherDoors } from './further-doors.ts';

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

/** The broker that the farm's devices speak to, not started yet: in this process, or elsewhere when a person says so. */
export function openFarmBroker(options: FarmBrokerOptions): {
  readonly broker: FarmBroker;
  readonly furtherDoors: Pick<FurtherDoors, 'start' | 'stop' | 'state'>;
} {
  const { externalBroker } = options.config;
  if (externalBroker !== undefined)
    return { broker: openExternalBroker({ ...options, config: externalBroker }), furtherDoors: NO_DOORS };
  const broker = embedded(options);
  return { broker, furtherDoors: furtherDoorsOf(broker, options) };
}

/** With a broker elsewhere its doors are its own, and so are its certificates. */
const NO_DOORS: Pick<FurtherDoors, 'start' | 'stop' | 'state'> = {
  start: () => {},
  stop: () => {},
  state: () => ({
    ...{ tlsPort: null, webSocketPort: null, authority: null, validToMs: null, tasmotaFingerprint: null },
  }),
};

function embedded({ config, folder, credentials, hook, logger, clock }: FarmBrokerOptions): Broker {
  const { host, mqttHost, mqttPort, mqttTlsPort, mqttWebSocketPort: webSocket } = config;
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
    limits: { connections: config.mqttConnections },
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
