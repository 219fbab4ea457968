import { aboutDevice, type Entity, readEntities } from './home-assistant-config.ts';
import type { Entities, KnownEntity } from './home-assistant-entities.ts';
import { parseTemplate } from './home-assistant-template.ts';
import { readStates, stateValue } from './home-assistant-values.ts';
import { readJson, readObject } from './json.ts';
import { type Parsed, type Profile, type ProfileContext, type ProfileInput, problem } from './profile.ts';

const NOTHING: Parsed = { kind: 'nothing' };

/**
 * Home Assistant's MQTT discovery (home-assistant.io/integrations/mqtt): devices announce on
 * `homeassistant/<component>/[<node>/]<object>/config`, or for a whole device on `homeassistant/device/<id>/config`, which
 * values they have, where and in which unit. What a speaker announces holds for its own topics only; those that belong to
 * another family are left to it.
 */
export function homeAssistant(entities: Entities, facts: ProfileContext['facts']): Profile {
  return {
    name: 'home-assistant',
    claims: ({ speaker, topic, name }) =>
      name === 'homeAssistantDiscovery' ||
      (name === 'own' &&
        (entities.on(speaker, topic).length > 0 || entities.presentOn(speaker, topic).length > 0)),
    parse(input): Parsed {
      if (input.name === 'homeAssistantDiscovery') return learn(input, entities, facts);
      const announced = entities.on(input.speaker, input.topic);
      if (announced.length > 0) return readStates(input, announced, entities);
      return presence(input, entities.presentOn(input.speaker, input.topic), entities);
    },
  };
}

function learn(
  { speaker, rest, payload }: ProfileInput,
  entities: Entities,
  facts: ProfileContext['facts'],
): Parsed {
  const levels = rest.split('/');
  if (levels.length < 3 || levels.length > 4 || levels.at(-1) !== 'config') return NOTHING;
  const path = levels.slice(0, -1);
  if (payload.length === 0) {
    entities.learn(speaker, path.join('/'), new Map());
    return NOTHING;
  }
  const read = readObject(payload);
  if (!('object' in read)) return read;
  const announced = readEntities(speaker, path, read.object);
  const { fresh, refused } = entities.learn(speaker, path.join('/'), announced);
  const about = aboutDevice(read.object);
  const devices = [...announced.values()].map((entity) => entities.deviceOf(speaker, entity, false));
  for (const device of new Set(devices)) facts.note(speaker, device, about);
  if (refused > 0) return problem('too_many_fields', `${refused} more values than one speaker may announce`);
  const strange = fresh.flatMap(strangeness);
  if (strange.length === 0) return NOTHING;
  const detail = `this template is not understood, its numbers are kept as raw: ${strange.join('; ')}`;
  return problem('wrong_shape', detail);
}

function strangeness({ name, template }: Entity): string[] {
  const read = template === undefined ? undefined : parseTemplate(template);
  if (read === undefined || !('problem' in read)) return [];
  return [`'${name}': ${template?.slice(0, 200)} (${read.problem})`];
}

/** Whether the device is there; the speaker itself when several of its devices depend on this topic. */
function presence(input: ProfileInput, announced: readonly KnownEntity[], entities: Entities): Parsed {
  const { speaker, topic, payload } = input;
  const rule = announced[0]?.availability.find((one) => one.topic === topic);
  if (rule === undefined) return NOTHING;
  const text = Buffer.from(payload.subarray(0, 1_024)).toString('utf8').trim();
  const json = readJson(payload);
  const read = rule.template === undefined ? undefined : parseTemplate(rule.template);
  const parsed = read !== undefined && 'problem' in read ? 'unknown' : read;
  const isJson = 'value' in json && typeof json.value === 'object';
  const said = String(stateValue({ parsed }, text, isJson ? json.value : undefined) ?? '');
  if (said !== rule.online && said !== rule.offline) {
    return problem(
      'wrong_shape',
      `${rule.online} or ${rule.offline} is expected, not '${text.slice(0, 80)}'`,
    );
  }
  const [device, ...others] = new Set(announced.map((entity) => entities.deviceOf(speaker, entity, false)));
  return { kind: 'status', device: others.length === 0 ? device : undefined, online: said === rule.online };
}
