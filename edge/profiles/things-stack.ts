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
 * The Things Stack v3 (thethingsindustries.com/docs: MQTT server, data formats): `v3/<application>@<tenant>/devices/<id>/up`,
 * `/join` and others. Fields that are "", 0 or false are left out. A device is named by its device id.
 */
export function thingsStack(context: ProfileContext): Profile {
  return {
    name: 'things-stack',
    claims: ({ name }) => name === 'thingsStack',
    parse(input): Parsed | Promise<Parsed> {
      const [application = '', device = '', ...event] = input.rest.split('/');
      const read = readObject(input.payload);
      if (!('object' in read)) return { ...read, device };
      switch (event.join('/')) {
        case 'up':
          return up(context, input, read.object, device, application);
        case 'join':
          return { kind: 'status', device, online: true };
        case 'down/ack':
          return heard(device);
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
  const uplink = event.uplink_message;
  if (!isObject(uplink))
    return { ...problem('wrong_shape', "an uplink has an object 'uplink_message'"), device };
  const ids = isObject(event.end_device_ids) ? event.end_device_ids : undefined;
  const version = isObject(uplink.version_ids) ? uplink.version_ids : undefined;
  const names = [...textsOf(ids, 'dev_eui'), device, ...textsOf(version, 'model_id', 'brand_id')];
  const groups = [application.split('@')[0] ?? ''];
  const model = textsOf(version, 'brand_id', 'model_id').join(' ');
  context.facts.note(speaker, device, { model, firmware: version?.firmware_version });
  const time = uplink.received_at ?? event.received_at;
  return readUplink(context.codecs, {
    ...{ device, names, groups, receivedAtMs },
    decoded: uplink.decoded_payload,
    normalized: uplink.normalized_payload,
    data: uplink.frm_payload,
    fPort: numberOrZero(uplink.f_port),
    counter: numberOrZero(uplink.f_cnt),
    timeGiven: time !== undefined,
    observedAtMs: timeWithOffset(time),
    link: [...linkOf(uplink.rx_metadata), ...batteryOf(uplink.last_battery_percentage)],
  });
}

/** What the device last told the network; without `value` it said that it does not know, or 0 %. */
function batteryOf(last: unknown): ParsedReading[] {
  if (!isObject(last) || typeof last.value !== 'number') return [];
  return [{ metric: 'battery', channel: '', value: last.value }];
}
