import { plainJson } from './plain-json.ts';
import type { Profile, ProfileContext, ProfileMemory, SpokenTopic } from './profile.ts';
import { tasmota } from './tasmota.ts';
import { valveState } from './valve-state.ts';

export { fileMemory, shortMemory } from './memory.ts';
export type { Parsed, ParsedMessage, ParseProblem, Profile, ProfileMemory } from './profile.ts';
export { offsetMinutes } from './time.ts';

/** One line a family of devices; the first that claims a topic reads it. */
const families: readonly ((context: ProfileContext) => Profile)[] = [
  () => plainJson,
  () => valveState,
  tasmota,
];

export interface Profiles {
  /** Whose topic this is. The answer holds until `version` changes. */
  find(topic: SpokenTopic): Profile | undefined;
  readonly version: number;
}

export function createProfiles(memory: ProfileMemory): Profiles {
  let version = 0;
  const context: ProfileContext = {
    memory,
    changed: () => {
      version += 1;
    },
  };
  const profiles = families.map((make) => make(context));
  return {
    find: (topic) => profiles.find((profile) => profile.claims(topic)),
    get version() {
      return version;
    },
  };
}
