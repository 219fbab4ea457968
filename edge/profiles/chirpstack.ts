import { isObject, type JsonObject, readObject } from './json.ts';
import { heard, linkOf, numberOrZero, readUplink, textsOf } from './lorawan.ts';
import {
  type Parsed,
  type ParsedReading,
  type Profile,
  type ProfileContext,
  type ProfileInput,
  problem,
} from './profile.ts';
import { timeWithOffset } from './time.ts';

/**
 * ChirpStack v4 (chirpstack-docs: integrations/events; api/proto/integration/integration.proto):
 * `application/<id>/device/<devEui>/event/<event>`, JSON made from protobuf, so that what is zero, false or empty is left
 * out. A device is named by its DevEUI in lower case, which stays when people rename it; its names are remembered.
 */
export function chirpstack(context: ProfileContext): Profile {
  return {
    name: 'chirpstack',
    claims: ({ name }) => name === 'chirpstack',
    parse(input): Parsed | Promise<Parsed> {
      const [application = '', devEui = '', event = ''] = input.rest.split('/');
      const device = devEui.toLowerCase();
      const read = readObject(input.payload);
      if (!('object' in read)) return { ...explain(read, input.payload), device };
      switch (event) {
        case 'up':
          return up(context, input, read.object, device, application);
        case 'status':
          return status(read.object, device);
        case 'join':
          return { kind: 'status', device, online: true };
        case 'ack':
          // Also told when the device did not answer; false is left out.
          return read.object.acknowledged === true ? heard(device) : { kind: 'nothing' };
        default:
          return { kind: 'nothing' };
      }
    },
  };
}

function up(
  context: ProfileContext,
  { receivedAtMs, speaker }: ProfileInput,
  event: JsonObject,
  device: string,
  application: string,
): Parsed | Promise<Parsed> {
  const info = isObject(event.deviceInfo) ? event.deviceInfo : undefined;
  const names = [device, ...textsOf(info, 'deviceName', 'deviceProfileName', 'deviceProfileId')];
  const groups = [...textsOf(info, 'applicationName'), application];
  context.facts.note(speaker, device, { model: info?.deviceProfileName });
  return readUplink(context.codecs, {
    ...{ device, names, groups, decoded: event.object, data: event.data, receivedAtMs },
    fPort: numberOrZero(event.fPort),
    counter: numberOrZero(event.fCnt),
    ...timeOf(event),
    link: linkOf(event.rxInfo),
  });
}

/** What the device answered to the network's question for its state. */
function status(event: JsonObject, device: string): Parsed {
  const readings: ParsedReading[] = [{ metric: 'raw', channel: 'margin', value: numberOrZero(event.margin) }];
  const level = numberOrZero(event.batteryLevel);
  const powered = event.externalPowerSource === true || event.batteryLevelUnavailable === true;
  const known = !powered && level >= 0 && level <= 100;
  if (known) readings.push({ metric: 'battery', channel: '', value: level });
  return { kind: 'readings', device, readings, ...timeOf(event), missing: powered || known ? 0 : 1 };
}

function timeOf(event: JsonObject) {
  return { timeGiven: event.time !== undefined, observedAtMs: timeWithOffset(event.time) };
}

function explain(failed: ReturnType<typeof problem>, payload: Uint8Array) {
  const brace = 0x7b;
  if (failed.cause === 'too_large' || payload[0] === brace) return failed;
  const detail =
    'this is no JSON; ChirpStack sends Protobuf unless json=true stands in its section [integration.mqtt]';
  return problem('wrong_shape', detail);
}
