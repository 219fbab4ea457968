import { matchTopic, topics } from '@nongtin/broker/wire';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { shapeProblems } from '../shape.ts';
import { type Actuator, speakerOf } from './actuator.ts';
import { ChirpstackAddress, chirpstackActuator } from './chirpstack.ts';
import { EsphomeAddress, esphomeActuator } from './esphome.ts';
import { nongtinActuator } from './nongtin.ts';
import { ShellyAddress, shellyActuator } from './shelly.ts';
import { TasmotaAddress, tasmotaActuator } from './tasmota.ts';
import { ThingsStackAddress, thingsStackActuator } from './things-stack.ts';
import { Zigbee2mqttAddress, zigbee2mqttActuator } from './zigbee2mqtt.ts';

export type { Actuator, Command } from './actuator.ts';

/** One line a family of devices that has valves or relays. */
const families = {
  tasmota: family(TasmotaAddress, tasmotaActuator),
  shelly: family(ShellyAddress, shellyActuator),
  zigbee2mqtt: family(Zigbee2mqttAddress, zigbee2mqttActuator),
  esphome: family(EsphomeAddress, esphomeActuator),
  chirpstack: family(ChirpstackAddress, chirpstackActuator),
  'things-stack': family(ThingsStackAddress, thingsStackActuator),
};

/** A valve in farm.json: the identity of one of ours, or the address of one of another family. */
export type Valve = string | ForeignValve;
export type ForeignValve =
  | Static<typeof TasmotaAddress>
  | Static<typeof ShellyAddress>
  | Static<typeof Zigbee2mqttAddress>
  | Static<typeof EsphomeAddress>
  | Static<typeof ChirpstackAddress>
  | Static<typeof ThingsStackAddress>;

/** Throws a RangeError on an address that valveProblems() finds wanting. */
export function actuatorOf(valve: Valve): Actuator {
  return typeof valve === 'string' ? nongtinActuator(valve) : families[valve.family].make(valve);
}

/**
 * Why a foreign valve cannot be driven, field by field; `at` names it. Empty when it can. What is not driven may still be
 * read: list its device under farmDevices.
 */
export function valveProblems(value: object, at: string, maxRunSeconds: unknown): string[] {
  const name: unknown = Object.hasOwn(value, 'family') ? (value as { family?: unknown }).family : undefined;
  if (typeof name !== 'string' || !Object.hasOwn(families, name)) {
    const known = Object.keys(families).join(', ');
    return [`${at}.family must be one of ${known}; a valve of ours is given by its identity alone`];
  }
  const found = families[name as keyof typeof families];
  const problems = [...withoutProof(value, at, name), ...found.problems(value, at)];
  if (problems.length > 0) return problems;
  const { device } = value as ForeignValve;
  const actuator = found.make(value);
  return [
    ...unheard(actuator, device, at),
    ...(typeof maxRunSeconds === 'number' ? beyondCutOff(actuator, maxRunSeconds, at) : []),
  ];
}

/** The two things that make a valve read-only, said plainer than 'a field is missing'. */
function withoutProof(value: object, at: string, family: string): string[] {
  const problems: string[] = [];
  if (!Object.hasOwn(value, 'flowMeter'))
    problems.push(
      `${at} has no flowMeter, so nothing would prove that water flows and the zone is not watered by itself: name the device that measures it, such as "flowMeter": {"device": "…"}, or say "flowMeter": null, and only people open it`,
    );
  if (family === 'esphome' && !Object.hasOwn(value, 'cutOffSeconds'))
    problems.push(
      `${at} has no cutOffSeconds: ESPHome takes no duration, so a node whose own configuration does not limit a run is read-only; let the node close by itself and state after how many seconds`,
    );
  return problems;
}

/** Commands go only where the table of topics lets this device listen, and lets nobody but the controller speak. */
function unheard(actuator: Actuator, device: string, at: string): string[] {
  const { speaker } = speakerOf(device);
  const commands = actuator.close({ commandId: 'check', atMs: 0 });
  return commands.flatMap(({ topic }) => {
    const match = matchTopic(topic);
    const publishers: readonly string[] = match ? topics[match.name].publish : [];
    const isWhole = !topic.split('/').includes('');
    const isHeard = isWhole && match && (match.identity === '' || match.identity === speaker);
    if (isHeard && publishers.length === 1 && publishers[0] === 'controller') return [];
    return `${at} would be told to close on ${topic}, where ${speaker} cannot listen: correct its device, name or topics`;
  });
}

function beyondCutOff(actuator: Actuator, maxRunSeconds: number, at: string): string[] {
  if (maxRunSeconds > actuator.longestSeconds)
    return [
      `${at} closes by itself after ${actuator.longestSeconds} s at the latest: set maxRunSeconds to that or less`,
    ];
  const cutOff = actuator.cutOffSeconds(maxRunSeconds);
  if (cutOff <= maxRunSeconds) return [];
  return [`${at} can close by itself only after ${cutOff} s: set maxRunSeconds to ${cutOff}`];
}

interface Family {
  problems(value: object, at: string): string[];
  make(value: unknown): Actuator;
}

function family<Schema extends TSchema>(schema: Schema, make: (address: Static<Schema>) => Actuator): Family {
  const validator = Compile(schema);
  const plainer = new Set(['flowMeter', 'cutOffSeconds']);
  return {
    problems: (value, at) =>
      shapeProblems(
        validator.Errors(value).flatMap((error) => {
          if (error.keyword !== 'required' || error.instancePath !== '') return error;
          const rest = error.params.requiredProperties.filter((field) => !plainer.has(field));
          return rest.length === 0 ? [] : { ...error, params: { requiredProperties: rest } };
        }),
        at,
      ),
    make: (value) => {
      if (validator.Check(value)) return make(value);
      throw new RangeError('not the address of a valve of this family');
    },
  };
}
