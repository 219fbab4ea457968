import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { openCredentials } from './credentials.ts';
import { brokerSuite, type OpenBroker } from './port.suite.ts';
import { Farm } from './testing/farm.ts';
import { FarmOfMosquitto, PEOPLE } from './testing/farm-of-mosquitto.ts';
import { isMosquittoHere } from './testing/mosquitto.ts';

/** The broker in our own process, on the same port and data each time it starts. */
const openEmbedded: OpenBroker = async (first) => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-port-'));
  const credentials = openCredentials({ path: join(folder, 'credentials.json') });
  const passwords = new Map(Object.entries(PEOPLE).map(([id, role]) => [id, credentials.issue(id, role)]));
  const farmOn = (port: number, hook: Parameters<OpenBroker>[0]) =>
    Farm.open(
      hook,
      {},
      {
        ...{ port, sessionsPath: join(folder, 'sessions.sqlite') },
        authenticate: (username, password) => credentials.verify(username, password),
      },
    );
  let farm = await farmOn(0, first);
  const { port } = farm.broker;
  const farms = [farm];
  return {
    get broker() {
      return farm.broker;
    },
    credentials: {
      ...{ verify: credentials.verify, revoke: (id, mayReturn) => credentials.revoke(id, mayReturn) },
      ...{ isRevoked: (id) => credentials.isRevoked(id), list: () => credentials.list() },
      ...{
        mosquittoHashes: () => credentials.mosquittoHashes(),
        onChange: (one) => credentials.onChange(one),
      },
      issue(id, role) {
        const password = credentials.issue(id, role);
        passwords.set(id, password);
        return password;
      },
    },
    client: (identity, options = {}) =>
      farm.anonymous({ username: identity, password: passwords.get(identity) ?? '', ...options }),
    async again(hook) {
      await farm.broker.stop();
      farm = await farmOn(port, hook);
      farms.push(farm);
    },
    settle: async () => {},
    async close() {
      for (const one of farms) await one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

brokerSuite('in the gateway’s process', openEmbedded);

describe.skipIf(!isMosquittoHere)('elsewhere (left out where there is no Mosquitto)', () =>
  brokerSuite('a real Mosquitto', (hook) => FarmOfMosquitto.open(hook)),
);
