import { plainJson } from './plain-json.ts';
import type { MatchedTopic, Profile } from './profile.ts';
import { tasmota } from './tasmota.ts';
import { valveState } from './valve-state.ts';

export type { ParsedMessage, ParseProblem, Profile } from './profile.ts';
export { offsetMinutes } from './time.ts';

/** One line a family of devices. */
const profiles: readonly Profile[] = [plainJson, valveState, tasmota];

export function profileFor(topic: MatchedTopic): Profile | undefined {
  return profiles.find((profile) => profile.matches(topic));
}
