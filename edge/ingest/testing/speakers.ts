/** For tests: what the device of each family says when it has measured `value`, and what must be stored of it. */
export interface Said {
  readonly topic: string;
  readonly payload: string;
  readonly stored: readonly Stored[];
}

export interface Stored {
  readonly device: string;
  readonly metric: string;
  readonly channel: string;
  readonly value: number;
  /** The device's own time, where it tells one. */
  readonly atMs?: number;
}

export interface Speaker {
  readonly id: string;
  readonly role: 'device' | 'bridge';
  /** What it announces before it speaks. */
  readonly announces?: readonly { readonly topic: string; readonly payload: string }[];
  say(value: number, atMs: number): Said;
}

const iso = (ms: number) => new Date(ms).toISOString();
const json = (value: unknown) => JSON.stringify(value);
/** The farm's local time, without offset. */
const local = (ms: number) => iso(ms + 7 * 3_600_000).slice(0, 19);
const DEV_EUI = 'a84041ffff00000';

export const CODECS: Readonly<Record<string, string>> = {
  honest: `function decodeUplink({ bytes: b }) {
    return { data: { soil_temperature_c: ((b[0] << 16) | (b[1] << 8) | b[2]) / 100 } };
  }`,
  endless: 'function decodeUplink() { for (;;) {} }',
  bomb: 'function decodeUplink() { for (var s = "x"; ; ) s += s; }',
  large: 'function decodeUplink() { return { data: { x: "x".repeat(1e7) } }; }',
  odd: `function decodeUplink({ bytes: b }) {
    Object.prototype.toJSON = 1;
    return { data: [NaN, { soil_moisture: "1e999" }, { __proto__: { temperature: 1 } }, b, -1 / 0][b[0] % 5] };
  }`,
  deep: 'function decodeUplink() { for (var o = {}, i = 0; i < 1e4; i++) o = { o }; return { data: o }; }',
};

export const speakers: readonly Speaker[] = [
  {
    id: 'mix-plain',
    role: 'device',
    say: (value, atMs) => ({
      topic: 'nongtin/v1/mix-plain/readings',
      payload: json({ time: iso(atMs), soil_temperature: value, top: { soil_ec: value } }),
      stored: [
        { device: 'mix-plain', metric: 'soil_temperature', channel: '', value, atMs },
        { device: 'mix-plain', metric: 'soil_ec', channel: 'top', value, atMs },
      ],
    }),
  },
  {
    id: 'mix-tasmota',
    role: 'device',
    say: (value, atMs) => ({
      topic: 'tele/mix-tasmota/SENSOR',
      payload: json({ Time: local(atMs), 'DS18B20-1': { Id: '01', Temperature: value }, TempUnit: 'C' }),
      stored: [{ device: 'mix-tasmota', metric: 'temperature', channel: 'DS18B20-1', value, atMs }],
    }),
  },
  {
    id: 'mix-zigbee',
    role: 'bridge',
    say: (value, atMs) => ({
      topic: 'zigbee2mqtt/Vườn mix/1',
      payload: json({ temperature: value, battery: 71, last_seen: iso(atMs), update: { state: 'idle' } }),
      stored: [{ device: 'mix-zigbee.Vườn mix/1', metric: 'temperature', channel: '', value, atMs }],
    }),
  },
  {
    id: 'mix-esphome',
    role: 'device',
    say: (value) => ({
      topic: 'mix-esphome/sensor/dat/state',
      payload: String(value),
      stored: [{ device: 'mix-esphome', metric: 'raw', channel: 'sensor.dat', value }],
    }),
  },
  {
    id: 'mix-ha',
    role: 'device',
    announces: [
      {
        topic: 'homeassistant/sensor/mix-ha/t/config',
        payload: json({
          ...{ '~': 'mix-ha', stat_t: '~/all', name: 'T', dev_cla: 'temperature', unit_of_meas: '°C' },
          ...{ val_tpl: '{{ -value_json.minus | float }}', dev: { ids: ['mix'] } },
        }),
      },
    ],
    say: (value) => ({
      topic: 'mix-ha/all',
      payload: json({ minus: -value }),
      stored: [{ device: 'mix-ha', metric: 'temperature', channel: '', value }],
    }),
  },
  {
    id: 'mix-shelly',
    role: 'device',
    say: (value, atMs) => ({
      topic: 'mix-shelly/events/rpc',
      payload: json({
        ...{ src: 'shellyplusht-08b61fcb7f3c', dst: 'mix-shelly/events', method: 'NotifyStatus' },
        params: { ts: atMs / 1000, 'temperature:0': { id: 0, tC: value, tF: value * 1.8 + 32 } },
      }),
      stored: [{ device: 'mix-shelly', metric: 'temperature', channel: 'temperature:0', value, atMs }],
    }),
  },
  {
    id: 'mix-chirpstack',
    role: 'bridge',
    say: (value, atMs) => ({
      topic: `application/1/device/${DEV_EUI}1/event/up`,
      payload: json({
        ...{ time: iso(atMs), deviceInfo: { devEui: `${DEV_EUI}1` }, fCnt: Math.trunc(value * 100) },
        object: { temp_SOIL: value.toFixed(2) },
      }),
      stored: [
        { device: `mix-chirpstack.${DEV_EUI}1`, metric: 'soil_temperature', channel: '', value, atMs },
      ],
    }),
  },
  {
    id: 'mix-codec',
    role: 'bridge',
    say: (value, atMs) => {
      const number = Math.round(value * 100);
      const bytes = Buffer.from([number >> 16, (number >> 8) & 0xff, number & 0xff]);
      return {
        topic: `application/1/device/${DEV_EUI}2/event/up`,
        payload: json({
          ...{ time: iso(atMs), deviceInfo: { deviceProfileName: 'honest' }, fPort: 2 },
          data: bytes.toString('base64'),
        }),
        stored: [{ device: `mix-codec.${DEV_EUI}2`, metric: 'soil_temperature', channel: '', value, atMs }],
      };
    },
  },
  {
    id: 'mix-tts',
    role: 'bridge',
    say: (value, atMs) => ({
      topic: 'v3/farm@ttn/devices/probe-1/up',
      payload: json({
        uplink_message: { received_at: iso(atMs), normalized_payload: [{ air: { temperature: value } }] },
      }),
      stored: [{ device: 'mix-tts.probe-1', metric: 'air_temperature', channel: '', value, atMs }],
    }),
  },
  {
    id: 'mix-weather',
    role: 'device',
    say: (value, atMs) => ({
      topic: 'nongtin/v1/mix-weather/weather',
      payload: new URLSearchParams({
        ...{ dateutc: iso(atMs).slice(0, 19).replace('T', ' '), baromin: '-9999', temp5: String(value) },
      }).toString(),
      stored: [{ device: 'mix-weather', metric: 'raw', channel: 'temp5', value, atMs }],
    }),
  },
];

/** A bridge whose device sends bytes to this codec. */
export const toCodec = (codec: string, number: number) => ({
  topic: `application/1/device/${DEV_EUI}${3 + (number % 7)}/event/up`,
  payload: json({ deviceInfo: { deviceProfileName: codec }, fCnt: number, fPort: 1, data: 'AQID' }),
});
