import { CHANNEL_FAILED } from './channel-watch.ts';
import type { Case } from './hearing.ts';
import { type ChannelName, channelsOf, type Rule, type Settings } from './settings.ts';

const MINUTE_MS = 60_000;
const REPEATS = 3;

/** What one person was told of one alarm by one channel. */
export interface Told {
  /** Since it stands, this time. */
  readonly times: number;
  readonly lastMs: number;
  readonly last: 'alarm' | 'over';
  /** The service has accepted it. */
  readonly reached: boolean;
  /** Its message is still on its way. */
  readonly open: boolean;
}

export interface Due {
  readonly person: string;
  readonly channel: ChannelName;
  readonly alarm: Case;
  readonly what: 'new' | 'again' | 'over';
}

export interface Knowledge {
  readonly cases: Iterable<Case>;
  readonly told: (alarmId: string, person: string, channel: ChannelName) => Told | undefined;
  /** Whether this channel works and the person has an address for it. */
  readonly canReach: (person: string, channel: ChannelName) => boolean;
  /** Who is left alone now. */
  readonly isQuiet: (person: string) => boolean;
  /** By the clock of the cases. */
  readonly nowMs: number;
}

/** Whether somebody is yet to hear that this alarm is over. */
export function isOwed(settings: Settings, alarm: Case, told: Iterable<Told>): boolean {
  if (ruleFor(settings.rules, alarm)?.tellWhenOver === false) return false;
  for (const { last, reached, open } of told) if (last === 'alarm' && (reached || open)) return true;
  return false;
}

/** The rule for an alarm: the first that fits. */
function ruleFor(rules: readonly Rule[], { priority, source }: Pick<Case, 'priority' | 'source'>) {
  return rules.find(
    (rule) =>
      (rule.priorities === undefined || rule.priorities.includes(priority)) &&
      (rule.sources === undefined || rule.sources.some((pattern) => fits(pattern, source))),
  );
}

/** Who is to be told of what now, by which channel, at the latest word of the table. */
export function due(settings: Settings, { cases, told, canReach, isQuiet, nowMs }: Knowledge): Due[] {
  const found: Due[] = [];
  for (const alarm of cases) {
    if (alarm.phase === 'quiet') continue;
    const rule = ruleFor(settings.rules, alarm);
    if (rule === undefined) continue;
    const reach = (person: string, channel: ChannelName): Reach => {
      if (!canReach(person, channel) || isAbout(channel, alarm)) return 'none';
      return isLost(told(alarm.alarmId, person, channel), alarm) ? 'lost' : 'open';
    };
    for (const { person, channel, sinceMs } of calls(settings, rule, alarm, reach)) {
      if (reach(person, channel) === 'none') continue;
      if (isQuiet(person) && alarm.priority !== 'critical') continue;
      const what = whatNow(rule, alarm, told(alarm.alarmId, person, channel), nowMs, nowMs >= sinceMs);
      if (what !== undefined) found.push({ person, channel, alarm, what });
    }
  }
  return found;
}

/** `none`: there is no way to this person by this channel; `lost`: what was sent has come to nothing, and is not tried again. */
type Reach = 'open' | 'none' | 'lost';

function isLost(told: Told | undefined, { sinceMs }: Case): boolean {
  return told?.last === 'alarm' && told.lastMs >= sinceMs && !told.open && !told.reached;
}

/** That a channel fails is told by the others. */
function isAbout(channel: ChannelName, { reason: { key, figures } }: Case): boolean {
  return key === CHANNEL_FAILED && figures.channelId === channel;
}

function whatNow(
  rule: Rule,
  alarm: Case,
  told: Told | undefined,
  nowMs: number,
  isTheirTurn: boolean,
): Due['what'] | undefined {
  if (alarm.phase === 'over')
    return rule.tellWhenOver !== false && told?.last === 'alarm' && told.reached ? 'over' : undefined;
  if (!isTheirTurn) return undefined;
  if (told === undefined || told.last === 'over' || told.lastMs < alarm.sinceMs) return 'new';
  const { repeatMinutes, repeats = REPEATS } = rule;
  if (repeatMinutes === undefined || told.times > repeats) return undefined;
  return nowMs - told.lastMs >= repeatMinutes * MINUTE_MS ? 'again' : undefined;
}

interface Call {
  readonly person: string;
  readonly channel: ChannelName;
  readonly sinceMs: number;
}

/**
 * Everybody of the rule with the moment from which on it is their turn; who stands in several steps has the first one's. While the
 * steps before reach nobody, nobody waits for them.
 */
function calls(
  { people, channels }: Settings,
  rule: Rule,
  { sinceMs }: Case,
  reach: (person: string, channel: ChannelName) => Reach,
): Iterable<Call> {
  const found = new Map<string, Call>();
  let beforeMs = Number.POSITIVE_INFINITY;
  for (const step of rule.steps) {
    const ownMs = sinceMs + step.afterMinutes * MINUTE_MS;
    const isAnyReached = [...found.values()].some((call) => reach(call.person, call.channel) === 'open');
    const turnMs = isAnyReached ? ownMs : Math.min(ownMs, beforeMs);
    for (const id of step.tell) {
      const person = people.find((one) => one.id === id);
      for (const channel of person === undefined ? [] : channelsOf(person, step.by, channels)) {
        const key = `${id} ${channel}`;
        if (!found.has(key)) found.set(key, { person: id, channel, sinceMs: turnMs });
      }
    }
    beforeMs = turnMs;
  }
  return found.values();
}

const patterns = new Map<string, RegExp>();

function fits(pattern: string, source: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    compiled = new RegExp(`^${parts.join('.*')}$`);
    // A table has a few; should somebody change it for ever, they do not pile up.
    if (patterns.size > 1_000) patterns.clear();
    patterns.set(pattern, compiled);
  }
  return compiled.test(source);
}
