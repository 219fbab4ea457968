import { type Identity, MAX_LEVELS, speaksForAll } from '../acl.ts';
import { type Role, type TopicRule, topics } from '../wire/index.ts';

/**
 * The topic table as Mosquitto's access list (mosquitto.conf(5), acl_file): lines for each user, and nothing for anybody else.
 * `pattern` lines with %u are no use, since they hold for every user whatever its role.
 *
 * A line with `deny` counts before all others and takes reading and writing, so three things cannot be said as our own broker
 * says them (docs/operations.md, "Mosquitto in place of the gateway's broker"):
 * - who reads commands within a space that it speaks in may write there too: a device to itself, a bridge to its family;
 * - Node-RED hears what is commanded on topics that begin with a device's name;
 * - subscriptions are granted whatever they ask for, and messages are looked at one by one.
 * One thing is narrower: on topics of a family (zigbee2mqtt/…), where nobody's name stands, only bridges may speak.
 */
export function accessList(people: readonly Identity[]): string {
  // Of a thousand devices' lines only the names differ.
  const ofRole = new Map<Role, string>();
  const sections = people.map(({ id, role }) => {
    const lines = ofRole.get(role) ?? accessLines({ id: SELF, role }).join('\n');
    ofRole.set(role, lines);
    return `user ${id}\n${lines.replaceAll(SELF, id)}\n`;
  });
  return `# Made by Nong Tin from its topic table and its credentials; changes are lost.\n\n${sections.join('\n')}`;
}

/** In the place of a name; nobody's, and in no pattern of the table. */
const SELF = '{self}';

type Access = 'read' | 'write' | 'readwrite' | 'none';

function accessLines(identity: Identity): string[] {
  const rows = Object.values<TopicRule>(topics).map((rule) => ({
    access: accessTo(rule, identity),
    isOwn: rule.pattern.startsWith('{'),
    patterns: patternsOf(rule, identity),
  }));
  return rows.flatMap(({ access, isOwn, patterns }, index) => {
    if (access !== 'none') return patterns.map((pattern) => `topic ${access} ${pattern}`);
    // `+/x` of all devices would hit the families' topics too.
    if (isOwn && speaksForAll(identity)) return [];
    const wider = rows
      .slice(index + 1)
      .filter((later) => later.access !== 'none')
      .flatMap((later) => later.patterns);
    return patterns
      .filter((pattern) => wider.some((other) => meet(pattern, other)))
      .map((pattern) => `topic deny ${pattern}`);
  });
}

function accessTo(rule: TopicRule, { role }: Identity): Access {
  const write = rule.publish.includes(role) && !(role === 'device' && isOfFamily(rule));
  const read = rule.subscribe.includes(role) && !(role === 'device' && isOfFamily(rule));
  if (read) return write ? 'readwrite' : 'read';
  return write ? 'write' : 'none';
}

/** Topics that bridges share, where no level says who speaks. */
export function isOfFamily({ pattern, subscribe }: TopicRule): boolean {
  return !pattern.includes('{') && subscribe.includes('bridge');
}

/** A row as MQTT filters: `**` as so many levels as there can be, and `#` of one level at least, as in the table. */
function patternsOf({ pattern }: TopicRule, identity: Identity): string[] {
  const own = speaksForAll(identity) ? '+' : identity.id;
  const levels = pattern.split('/').map((level) => (level.startsWith('{') ? own : level));
  const gap = levels.indexOf('**');
  if (gap === -1) return [levels.map((level) => (level === '#' ? '+/#' : level)).join('/')];
  const before = levels.slice(0, gap);
  const after = levels.slice(gap + 1).flatMap((level) => (level === '#' ? ['+', '#'] : [level]));
  const longest = MAX_LEVELS - before.length - after.filter((level) => level !== '#').length;
  return Array.from({ length: longest }, (_, index) =>
    [...before, ...Array<string>(index + 1).fill('+'), ...after].join('/'),
  );
}

/** Whether there can be a topic that both match. */
function meet(one: string, other: string): boolean {
  const [left, right] = [one.split('/'), other.split('/')];
  for (let index = 0; ; index += 1) {
    const [a, b] = [left[index], right[index]];
    if (a === '#' || b === '#') return true;
    if (a === undefined || b === undefined) return a === b;
    if (a !== '+' && b !== '+' && a !== b) return false;
  }
}
