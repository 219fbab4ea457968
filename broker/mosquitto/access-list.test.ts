import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Identity, mayPublish, mayReceive } from '../acl.ts';
import { openCredentials } from '../credentials.ts';
import { isMosquittoHere, Mosquitto } from '../testing/mosquitto.ts';
import { matchTopic, type TopicRule, topics } from '../wire/index.ts';
import { isOfFamily } from './access-list.ts';
import { writeMosquittoFiles } from './files.ts';
import { mosquittoHash } from './password.ts';

const people: readonly Identity[] = [
  { id: 'valve-1', role: 'device' },
  { id: 'zb-1', role: 'bridge' },
  { id: 'gw-1', role: 'gateway' },
  { id: 'cloud-1', role: 'cloud' },
  { id: 'an', role: 'technician' },
  { id: 'flows', role: 'node-red' },
];
const controller: Identity = { id: 'nongtin', role: 'controller' };

/** At least one topic of each row, for oneself and for another; and what lies beside the table. */
const TOPICS = [
  ...Object.values<TopicRule>(topics)
    .filter(({ pattern }) => !pattern.startsWith('$'))
    .flatMap(({ pattern }) =>
      ['valve-1', 'zb-1', 'other', 'gw-1'].flatMap((id) =>
        ['x', 'x/y/z'].map((fill) =>
          pattern
            .split('/')
            .map((level) =>
              level.startsWith('{') ? id : /^(#|\*\*)$/.test(level) ? fill : level === '+' ? 'p' : level,
            )
            .join('/'),
        ),
      ),
    ),
  ...[
    'valve-1',
    'tele/valve-1',
    'nongtin',
    'nongtin/v1/valve-1',
    'nongtin/v2/valve-1/readings',
    'local',
    'elsewhere',
  ],
  ...[
    'nongtin/v1/valve-1/readings/more',
    'homeassistant',
    'valve-1/a/b/c/d/e/f/g/set',
    'valve-1/',
    '/valve-1/state',
  ],
].filter((topic, index, all) => all.indexOf(topic) === index);

const isCommandToSpeaker = ({ id, role }: Identity, topic: string) => {
  const match = matchTopic(topic);
  const rule: TopicRule | undefined = match && topics[match.name];
  const isHeard = rule?.subscribe.includes(role) === true && rule.publish.includes('controller');
  return isHeard && (match?.identity === '' ? role === 'bridge' : match?.identity === id);
};

/** What access-list.ts says that it cannot say, or says otherwise; nothing else may differ. */
const exceptions = {
  write(person: Identity, topic: string): boolean | undefined {
    const match = matchTopic(topic);
    const rule: TopicRule | undefined = match && topics[match.name];
    if (person.role === 'device' && rule && isOfFamily(rule)) return false;
    // ChirpStack's commands lie apart from its events; all others within what their hearers speak on.
    const isApart = ['valveCommand', 'tasmotaCommand', 'chirpstackCommand'].includes(match?.name ?? '');
    return isCommandToSpeaker(person, topic) && !isApart ? true : undefined;
  },
  read({ role }: Identity, topic: string): boolean | undefined {
    const match = matchTopic(topic);
    const rule: TopicRule | undefined = match && topics[match.name];
    if (role === 'device' && rule && isOfFamily(rule)) return false;
    const isCommand = rule?.publish.includes('controller') === true;
    if (role === 'node-red' && isCommand && rule?.pattern.startsWith('{')) return true;
    // What it has said itself.
    return role === 'controller' && isCommand ? true : undefined;
  },
};

/** Elsewhere there is nothing to hear. */
const SPOKEN = TOPICS.filter((topic) =>
  [controller, ...people].some((person) => exceptions.write(person, topic) ?? mayPublish(person, topic)),
);

describe.skipIf(!isMosquittoHere)('a real Mosquitto with our files (left out where there is none)', () => {
  let mosquitto: Mosquitto;
  const passwords = new Map<string, string>();
  const clients: MqttClient[] = [];

  const signIn = async (username: string, password = passwords.get(username) ?? '') => {
    const options = {
      port: mosquitto.port,
      username,
      password,
      reconnectPeriod: 0,
      protocolVersion: 5,
    } as const;
    const client = await connectAsync({ ...options, host: '127.0.0.1' });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    mosquitto = await Mosquitto.prepare();
    const credentials = openCredentials({ path: join(mosquitto.folder, 'credentials.json') });
    for (const { id, role } of people) passwords.set(id, credentials.issue(id, role));
    passwords.set(controller.id, 'the-gateway').set('root', 'everything');
    const login = { username: controller.id, mosquitto: mosquittoHash('the-gateway') };
    expect(writeMosquittoFiles(mosquitto.folder, credentials, login).without).toEqual([]);
    // One who sees and says everything, and a topic at which everybody knows that nothing more comes.
    const acl = join(mosquitto.folder, 'acl');
    writeFileSync(acl, readFileSync(acl, 'utf8').replace(/^user .*$/gm, '$&\ntopic read the-end'));
    appendFileSync(acl, '\nuser root\ntopic readwrite #\n');
    appendFileSync(join(mosquitto.folder, 'passwords'), `root:${mosquittoHash('everything')}\n`);
    await mosquitto.start();
  });
  afterAll(async () => {
    for (const client of clients) await client.endAsync(true);
    await mosquitto.remove();
  });

  it.each([controller, ...people])(
    'lets $role publish what the table lets it, and nothing else',
    async (person) => {
      const client = await signIn(person.id);
      // MQTT 5 says in its PUBACK what was refused (reason code 0x87).
      const isTaken = (topic: string) =>
        client.publishAsync(topic, 'x', { qos: 1 }).then(
          () => true,
          (error) => {
            if ((error as { code?: number }).code !== 0x87) throw error;
            return false;
          },
        );
      const found = await Promise.all(TOPICS.map(async (topic) => [topic, await isTaken(topic)] as const));
      const expected = TOPICS.map((topic) => [
        topic,
        exceptions.write(person, topic) ?? mayPublish(person, topic),
      ]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    },
  );

  it.each([controller, ...people])(
    'lets $role hear what the table lets it, and nothing else',
    async (person) => {
      const client = await signIn(person.id);
      const heard: string[] = [];
      const ended = new Promise<void>((resolve) =>
        client.on('message', (topic) => (topic === 'the-end' ? resolve() : heard.push(topic))),
      );
      await client.subscribeAsync('#', { qos: 1 });
      const root = await signIn('root');
      for (const topic of SPOKEN) await root.publishAsync(topic, 'x', { qos: 1 });
      await root.publishAsync('the-end', '', { qos: 1 });
      await ended;
      const expected = SPOKEN.filter((topic) => exceptions.read(person, topic) ?? mayReceive(person, topic));
      expect(heard.toSorted()).toEqual(expected.toSorted());
    },
  );
});
