import { esphomeState } from './esphome-topic.ts';
import type { Entities } from './home-assistant-entities.ts';
import { toNumber } from './home-assistant-template.ts';
import { readStates } from './home-assistant-values.ts';
import { saysNoValue } from './no-value.ts';
import {
  channelOf,
  type Parsed,
  type ParsedReading,
  type Profile,
  type ProfileInput,
  problem,
} from './profile.ts';
import { unnamedQuantityIn } from './text-number.ts';

const NOTHING: Parsed = { kind: 'nothing' };

/**
 * ESPHome (esphome.io/components/mqtt): `<node>/<component>/<object_id>/state` holds one bare value and no time;
 * `<node>/status` is online or offline. What a value is, and its unit, stand in the node's discovery messages; without
 * them it is raw.
 */
export function esphome(entities: Entities): Profile {
  return {
    name: 'esphome',
    claims: ({ name, rest }) =>
      name === 'own' && (rest === 'status' || rest === 'debug' || esphomeState(rest) !== undefined),
    parse(input): Parsed {
      if (input.rest === 'debug') return NOTHING;
      if (input.rest === 'status') return status(input.payload);
      const announced = entities.on(input.speaker, input.topic);
      return announced.length > 0 ? readStates(input, announced, entities) : bareState(input);
    },
  };
}

function status(payload: Uint8Array): Parsed {
  const text = Buffer.from(payload.subarray(0, 32)).toString('utf8');
  if (text === 'online' || text === 'offline') return { kind: 'status', online: text === 'online' };
  return problem('wrong_shape', `a status is online or offline, not '${text}'`);
}

/** Texts are no readings; 'nan' stands where a number should, and 'unknown' where a state should. */
function bareState({ rest, payload }: ProfileInput): Parsed {
  const { component = '', objectId = '' } = esphomeState(rest) ?? {};
  const text = Buffer.from(payload.subarray(0, 64)).toString('utf8').trim();
  const isValve = component === 'switch' || component === 'valve';
  const isSwitched = isValve || component === 'binary_sensor';
  const quantity = isSwitched ? undefined : unnamedQuantityIn(text);
  const value = isSwitched ? switched(text) : (toNumber(text) ?? quantity?.value);
  if (value !== undefined && Number.isFinite(value)) {
    const reading: ParsedReading = isValve
      ? { metric: 'valve_open', channel: channelOf([objectId]), value }
      : {
          ...{ metric: 'raw', channel: channelOf([component, objectId]), value },
          ...(quantity?.unit === undefined ? {} : { unit: quantity.unit }),
        };
    return { kind: 'readings', readings: [reading], missing: 0, timeGiven: false };
  }
  if (!saysNoValue(text)) return NOTHING;
  return { kind: 'readings', readings: [], missing: 1, timeGiven: false };
}

/** A valve that moves lets water through. */
function switched(text: string): number | undefined {
  if (/^(?:on|open|opening|closing)$/i.test(text)) return 1;
  return /^(?:off|closed)$/i.test(text) ? 0 : undefined;
}
