import process from 'node:process';
import { type Logger, readStateFile, runService, type Service } from '@nongtin/service';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { createBroker } from './broker.ts';
import { readConfig } from './config.ts';
import { openCredentials, seedCredentials, withdrawCredentials } from './credentials.ts';

/** The part of the demo's secrets that concerns a broker. */
const demoFile = Compile(Type.Object({ devices: Type.Record(Type.String(), Type.String()) }));

/** The farm's broker without the gateway around it: for tests of devices, or beside a gateway on another machine. */
function build(env: Readonly<Record<string, string | undefined>>, logger: Logger): Service {
  const config = readConfig(env);
  const store = openCredentials({ path: config.credentialsPath });
  const demo = readStateFile(config.demoPath, (value) => demoFile.Check(value));
  if (!config.demo) withdrawCredentials(store, demo?.devices ?? {});
  else if (demo) seedCredentials(store, demo.devices);
  else logger.warn({ path: config.demoPath }, 'no demo passwords yet: npm start makes them');
  const broker = createBroker({
    host: config.host,
    port: config.port,
    portVariable: 'NONGTIN_MQTT_PORT',
    sessionsPath: config.sessionsPath,
    authenticate: (username, password) => store.verify(username, password),
    logger,
  });
  return {
    async start() {
      await broker.start();
      logger.info({ port: broker.port, credentials: store.list().length }, 'listening');
      logger.warn('no journal behind this broker: a PUBACK means received, not durable');
    },
    stop: () => broker.stop(),
  };
}

await runService('broker', build, process);
