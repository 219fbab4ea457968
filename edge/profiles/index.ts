import type { Codecs } from '../codecs/index.ts';
import { type About, DeviceFacts, deviceName } from './about.ts';
import { chirpstack } from './chirpstack.ts';
import { esphome } from './esphome.ts';
import { homeAssistant } from './home-assistant.ts';
import { Entities } from './home-assistant-entities.ts';
import { plainJson } from './plain-json.ts';
import type { Profile, ProfileContext, ProfileMemory, SpokenTopic } from './profile.ts';
import { shelly } from './shelly.ts';
import { tasmota } from './tasmota.ts';
import { thingsStack } from './things-stack.ts';
import { valveState } from './valve-state.ts';
import { weatherUpload } from './weather-upload.ts';
import { zigbee } from './zigbee.ts';

export { fileMemory, shortMemory } from './memory.ts';
export type { Parsed, ParsedMessage, Profile, ProfileMemory } from './profile.ts';
export { offsetMinutes } from './time.ts';

/** One line a family of devices; the first that claims a topic reads it. */
const families: readonly ((context: ProfileContext) => Profile | Profile[])[] = [
  () => plainJson,
  () => valveState,
  () => weatherUpload,
  tasmota,
  zigbee,
  (context) => {
    const entities = new Entities(context);
    return [esphome(entities), homeAssistant(entities, context.facts)];
  },
  shelly,
  chirpstack,
  thingsStack,
];

export interface Profiles {
  /** Whose topic this is. The answer holds until `version` changes. */
  find(topic: SpokenTopic): Profile | undefined;
  readonly version: number;
  /** Model and firmware of a device (`SPEAKER.NAME` for one behind a bridge), as far as they were told. */
  about(device: string): About;
}

/** `onAnnounced` is called with every device that a family tells of, by the name under which it will speak. */
export function createProfiles(
  memory: ProfileMemory,
  codecs?: Codecs,
  onAnnounced: (device: string, family: string) => void = () => {},
): Profiles {
  let version = 0;
  const facts = new DeviceFacts(memory);
  const changed = () => {
    version += 1;
  };
  const profiles = families.flatMap((make) => {
    const note: ProfileContext['facts']['note'] = (speaker, behind, told) => {
      facts.note(speaker, behind, told);
      // Of a family with several profiles the last one reads announcements.
      onAnnounced(deviceName(speaker, behind), made.at(-1)?.name ?? '');
    };
    const made: readonly Profile[] = [make({ memory, facts: { note }, codecs, changed })].flat();
    return made;
  });
  return {
    find: (topic) => profiles.find((profile) => profile.claims(topic)),
    get version() {
      return version;
    },
    about: (device) => facts.of(device),
  };
}
