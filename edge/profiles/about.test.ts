import { matchTopic } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import { createProfiles, shortMemory } from './index.ts';

/** What is known of a device after these messages of one speaker, also by profiles that start anew. */
async function after(speaker: string, messages: readonly (readonly [topic: string, payload: unknown])[]) {
  const memory = shortMemory();
  const profiles = createProfiles(memory);
  for (const [topic, payload] of messages) {
    const { name, rest } = matchTopic(topic) ?? { name: 'own' as const, rest: '' };
    const input = { speaker, topic, name, rest, receivedAtMs: 1_795_000_000_000, zoneOffsetMinutes: 420 };
    await profiles.find(input)?.parse({ ...input, payload: Buffer.from(JSON.stringify(payload)) });
  }
  return createProfiles(memory);
}

describe('model and firmware of a device', () => {
  it.each<[string, string, string, unknown, string, object]>([
    [
      ...(['Tasmota', 'bom-1', 'tasmota/discovery/A1B2C3/config'] as const),
      { ft: '%prefix%/%topic%/', t: 'bom-1', tp: ['cmnd', 'stat', 'tele'], md: 'Sonoff Basic', sw: '14.2.0' },
      ...(['bom-1', { model: 'Sonoff Basic', firmware: '14.2.0' }] as const),
    ],
    [
      ...(['Zigbee2MQTT', 'z2m', 'zigbee2mqtt/bridge/devices'] as const),
      [
        {
          ...{ friendly_name: 'vườn/Van 1', software_build_id: '1.0.9' },
          definition: { vendor: 'SONOFF', model: 'SWV' },
        },
      ],
      ...(['z2m.vườn/Van 1', { model: 'SONOFF SWV', firmware: '1.0.9' }] as const),
    ],
    [
      ...(['Shelly', 'plug', 'plug/answer/rpc'] as const),
      { id: 1, src: 'plug', result: { model: 'SNSW-001X16EU', ver: '1.4.4', gen: 2 } },
      ...(['plug', { model: 'SNSW-001X16EU', firmware: '1.4.4' }] as const),
    ],
    [
      ...(['Home Assistant', 'node1', 'homeassistant/sensor/node1/t/config'] as const),
      {
        ...{ state_topic: 'node1/sensor/t/state', name: 't', device_class: 'temperature' },
        dev: { ids: 'node1', name: 'node1', mf: 'Espressif', mdl: 'esp32dev', sw: '2025.10.1' },
      },
      ...(['node1', { model: 'Espressif esp32dev', firmware: '2025.10.1' }] as const),
    ],
    [
      ...(['The Things Stack', 'lns', 'v3/farm@ttn/devices/soil-1/up'] as const),
      {
        end_device_ids: { device_id: 'soil-1' },
        uplink_message: {
          decoded_payload: { a: 1 },
          version_ids: { brand_id: 'dragino', model_id: 'lse01', firmware_version: '1.1.4' },
        },
      },
      ...(['lns.soil-1', { model: 'dragino lse01', firmware: '1.1.4' }] as const),
    ],
  ])('is kept as %s tells it', async (_family, speaker, topic, payload, device, about) => {
    const profiles = await after(speaker, [[topic, payload]]);
    expect(profiles.about(device)).toEqual(about);
    expect(profiles.about('another')).toEqual({});
  });

  it('is what was told last; what is no text is not told', async () => {
    const told = (md: unknown, sw: unknown) =>
      ['tasmota/discovery/A1B2C3/config', { ft: '%prefix%/%topic%/', t: 'b', tp: [], md, sw }] as const;
    const profiles = await after('b', [told('Basic', '14.2.0'), told({ x: 1 }, '14.3.0'), told('', null)]);
    expect(profiles.about('b')).toEqual({ model: 'Basic', firmware: '14.3.0' });
  });
});
