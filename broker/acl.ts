import { matchTopic, type Role, type TopicRule, topics } from './wire/index.ts';

/** Who speaks, as the credential says; never taken from the client id or the topic. */
export interface Identity {
  readonly id: string;
  readonly role: Role;
}

/** Of a topic. */
export const MAX_LEVELS = 12;
const MAX_TOPIC_LENGTH = 256;

const rules: readonly TopicRule[] = Object.values(topics);

/** Whether a client may leave a message behind for later subscribers: that a device is there, or a flow's own. */
export function mayRetain(topic: string): boolean {
  const match = matchTopic(topic);
  const isStatus = match?.name === 'status' || (match?.name === 'tasmotaTelemetry' && match.rest === 'LWT');
  return isStatus || match?.name === 'local';
}

/** Whether this one hears the whole farm: whatever it subscribes to, each message is looked at when it is delivered. */
export function isListener({ role }: Identity): boolean {
  return role === 'technician' || role === 'node-red';
}

/** Whether a message of this topic is kept for one who is away: for listeners, but no command, which is for now. */
export function mayWait(identity: Identity, topic: string): boolean {
  const match = matchTopic(topic);
  const rule: TopicRule | undefined = match && topics[match.name];
  const isCommand = rule?.publish.includes('controller') !== false;
  return isListener(identity) && !isCommand && mayReceive(identity, topic);
}

/** Whether only the controller and listeners may hear this topic: without a listener there is no subscriber to tell. */
export function isForControllerOrListeners(topic: string): boolean {
  const match = matchTopic(topic);
  const rule: TopicRule | undefined = match && topics[match.name];
  return (
    rule?.subscribe.every((role) => role === 'controller' || role === 'technician' || role === 'node-red') ===
    true
  );
}

/** Whether this identity may publish on a concrete topic. */
export function mayPublish(identity: Identity, topic: string): boolean {
  return isAllowed(identity, topic, 'publish');
}

/**
 * A Tasmota device asks itself for its state whenever it connects: an empty POWER on its own command topic (its
 * `MqttConnected`, unless SetOption90 is on). It switches nothing, and refused, it would be disconnected for ever.
 */
export function isOwnQuestion({ id }: Identity, topic: string, payloadBytes: number): boolean {
  const match = payloadBytes === 0 && isPlain(topic) ? matchTopic(topic) : undefined;
  const isCommand = match?.name === 'tasmotaCommand' || match?.name === 'ownTasmotaCommand';
  return isCommand && match.identity === id && /^POWER\d*$/.test(match.rest);
}

/** Whether a message on this concrete topic may reach this identity. */
export function mayReceive(identity: Identity, topic: string): boolean {
  return isAllowed(identity, topic, 'subscribe');
}

/** Whether every topic this filter can match may reach this identity; a listener may give any, such as `#`. */
export function maySubscribe(identity: Identity, filter: string): boolean {
  if (!isPlain(filter) || !isFilter(filter)) return false;
  if (isListener(identity)) return true;
  const levels = filter.split('/');
  return rules.some(
    (rule) => rule.subscribe.includes(identity.role) && covers(patternFor(identity, rule), levels),
  );
}

function isAllowed(identity: Identity, topic: string, direction: 'publish' | 'subscribe'): boolean {
  const match = isPlain(topic) && !/[+#]/.test(topic) ? matchTopic(topic) : undefined;
  if (!match) return false;
  const rule: TopicRule = topics[match.name];
  return rule[direction].includes(identity.role) && (isShared(rule) || isOwn(identity, match.identity));
}

/** A row without an identity: its speakers are told apart by who they are, not by topic. */
function isShared({ pattern }: TopicRule): boolean {
  return !pattern.includes('{');
}

function isOwn(identity: Identity, named: string): boolean {
  return speaksForAll(identity) || named === identity.id;
}

/** The cloud talks with every gateway, the controller with every device, and listeners hear them; others only themselves. */
export function speaksForAll(identity: Identity): boolean {
  return identity.role === 'cloud' || identity.role === 'controller' || isListener(identity);
}

function patternFor(identity: Identity, rule: TopicRule): string[] {
  const own = speaksForAll(identity) ? '+' : identity.id;
  return rule.pattern.split('/').map((level) => (level.startsWith('{') ? own : level));
}

/** Whether `pattern` matches everything that `filter` matches; both as levels, with their wildcards. */
function covers(pattern: readonly string[], filter: readonly string[]): boolean {
  for (const [index, part] of pattern.entries()) {
    const level = filter[index];
    if (part === '#') return level !== undefined;
    if (part === '**') return coversAnyBefore(pattern.slice(index + 1), filter.slice(index));
    if (level === undefined || level === '#') return false;
    if (part !== '+' && part !== level) return false;
  }
  return filter.length === pattern.length;
}

function coversAnyBefore([literal, wildcard]: readonly string[], rest: readonly string[]): boolean {
  if (rest.includes('#')) return false;
  const at = wildcard === '#' ? rest.indexOf(literal ?? '', 1) : rest.lastIndexOf(literal ?? '');
  return at >= 1 && (wildcard === '#' ? at < rest.length - 1 : at === rest.length - 1);
}

/** A wildcard is a whole level, and '#' the last (MQTT 3.1.1, 4.7.1). */
function isFilter(filter: string): boolean {
  return !/[^/][+#]|[+#][^/]|#\//.test(filter);
}

/** No `$` topic but the broker's own figures, no control characters, short enough to be matched and shown without a second thought. */
export function isPlain(topic: string): boolean {
  return (
    topic.length <= MAX_TOPIC_LENGTH &&
    (!topic.startsWith('$') || topic.startsWith('$SYS/')) &&
    !/\p{Cc}/u.test(topic) &&
    topic.split('/').length <= MAX_LEVELS
  );
}
