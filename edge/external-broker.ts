import { join } from 'node:path';
import {
  type CredentialStore,
  createExternalBroker,
  type DurabilityHook,
  type ExternalBroker,
  openGatewayLogin,
  type Reach,
  writeMosquittoFiles,
} from '@nongtin/broker';
import { type Logger, StartProblem } from '@nongtin/service';
import type { Alarms } from './alarms/alarms.ts';
import { readCaFile } from './ca-file.ts';
import type { ExternalBrokerConfig } from './config.ts';
import { watchReach } from './reach-alarms.ts';

interface ExternalOptions {
  readonly config: ExternalBrokerConfig;
  /** The gateway's own. */
  readonly folder: string;
  readonly credentials: CredentialStore;
  readonly hook: DurabilityHook;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** The broker that a person has configured, with the files that it needs kept current in `mosquitto/`. */
export function openExternalBroker(options: ExternalOptions): ExternalBroker {
  const { config, folder, credentials, hook, alarms, clock, logger } = options;
  const login = openGatewayLogin(join(folder, 'external-broker.json'), config.login);
  if (credentials.list().some(({ id }) => id === login.username))
    throw new StartProblem(
      `NONGTIN_MQTT_BROKER_URL signs in as ${login.username}, which is a device: give the gateway a name of its own, or none.`,
    );
  const write = () => {
    const { without } = writeMosquittoFiles(join(folder, 'mosquitto'), credentials, login);
    if (without.length > 0)
      logger.warn({ devices: without }, 'cannot sign in at Mosquitto until their password is rotated');
  };
  write();
  const { host, port, tls } = config;
  const watch = watchReach(alarms);
  const broker = createExternalBroker({
    target: { host, port, ...login, tls: tls && { ca: authorityOf(config) } },
    ...{ clientId: login.clientId, people: () => credentials.list(), hook, clock, logger },
    onReach: (reach: Reach) => watch.on(reach),
  });
  let isDue = false;
  const stopListening = credentials.onChange(() => {
    if (isDue) return;
    isDue = true;
    // Many at once, as when a farm is set up, are written once.
    setImmediate(() => {
      isDue = false;
      broker.refresh();
      try {
        write();
      } catch (error) {
        logger.error({ err: error }, "Mosquitto's files could not be written");
      }
    });
  });
  return {
    start: async () => {
      watch.on(broker.reach());
      await broker.start();
    },
    stop: async () => {
      stopListening();
      watch.stop();
      await broker.stop();
    },
    publish: (topic, payload, how) => broker.publish(topic, payload, how),
    disconnect: (identity) => broker.disconnect(identity),
    stats: () => broker.stats(),
    refresh: () => broker.refresh(),
    reach: () => broker.reach(),
    port: broker.port,
  };
}

/** Who signs the broker's certificate, PEM; undefined: whom the system trusts. Throws a StartProblem when there is no such file. */
export function authorityOf({ tls }: ExternalBrokerConfig): string | undefined {
  return tls && readCaFile(tls.caFile, 'NONGTIN_MQTT_BROKER_CA');
}
