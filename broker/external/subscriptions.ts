import type { Identity } from '../acl.ts';
import { type TopicName, type TopicRule, topicOf, topics } from '../wire/index.ts';

/**
 * Sessions with the broker, each its own share of the farm. A broker that bounds what is on its way to one client (Mosquitto: 20
 * messages) then lets through as many times more for each commit. Never change it: what waits in a session would be left there.
 */
export const LINKS = 4;

const heard = Object.entries<TopicRule>(topics).filter(([, rule]) => rule.subscribe.includes('controller'));
const ofSpeakers = heard.filter(
  ([, { publish }]) => publish.includes('device') || publish.includes('bridge'),
);

/** Whose topics have nobody's name in them: bridges' and discovery. */
const shared = ofSpeakers.map(([, { pattern }]) => pattern).filter((pattern) => !pattern.includes('{'));
const own = ofSpeakers.filter(([, { pattern }]) => pattern.includes('{'));

/** How many are connected, as Mosquitto and many others tell it. */
export const CONNECTED_TOPIC = '$SYS/broker/clients/connected';

/**
 * What each link listens to, so that no message comes twice and whatever one identity says comes over one link, in order:
 * filters of one identity each, and on the first link those that belong to nobody.
 */
export function filtersOf(people: readonly Identity[]): readonly (readonly string[])[] {
  const links = Array.from({ length: LINKS }, (): string[] => []);
  links[0]?.push(...shared, CONNECTED_TOPIC);
  for (const { id, role } of people) {
    if (role !== 'device' && role !== 'bridge') continue;
    links[linkOf(id)]?.push(...own.map(([name]) => topicOf(name as TopicName, id)));
  }
  return links;
}

/** FNV-1a: short, spreads names that end in a number, and the same for ever. */
export function linkOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1)
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % LINKS;
}
