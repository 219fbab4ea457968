import { isUtf8 } from 'node:buffer';
import type { MetricName } from '@nongtin/broker/wire';
import { toMetricUnit } from '../units/units.ts';
import { saysNoValue } from './no-value.ts';
import { channelOf, type Parsed, type ParsedReading, type Profile, problem } from './profile.ts';
import { timeWithOffset } from './time.ts';

/**
 * A Wi-Fi weather station's upload: a query string of the Weather Underground protocol (PWS Upload Protocol), or the form
 * that Ecowitt consoles send, as edge/weather-upload hands it on. What is no known field and a number is kept as raw.
 */
export const weatherUpload: Profile = {
  name: 'weather-upload',
  claims: ({ name }) => name === 'weatherUpload',
  parse({ payload }): Parsed {
    if (payload.length > MOST_BYTES)
      return problem('too_large', `${payload.length} bytes; at most ${MOST_BYTES} are read`);
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    if (!isUtf8(bytes)) return problem('not_utf8', 'the upload is no UTF-8 text');
    const fields = new URLSearchParams(bytes.toString('utf8'));
    if (fields.size > MOST_FIELDS) return problem('too_many_fields', `more than ${MOST_FIELDS} fields`);
    const dateutc = fields.get('dateutc');
    const timeGiven = dateutc !== null && dateutc !== '' && dateutc !== 'now';
    return {
      kind: 'readings',
      ...readingsOf(fields),
      timeGiven,
      observedAtMs: timeGiven ? utcTime(dateutc) : undefined,
    };
  },
};

const MOST_BYTES = 8 * 1024;
const MOST_FIELDS = 256;
/** Stations send −9999 (some −999.9) for a sensor they do not have. */
const MISSING_BELOW = -999;

interface Field {
  readonly metric: MetricName;
  readonly unit: string;
  readonly channel?: string;
}

/**
 * `dailyrainin` is a counter that begins anew at the station's midnight; `rainin` is what fell in the last hour.
 * `soilmoisture` is not here: the protocol says per cent, Davis stations send centibars, Ecowitt ones a share of their own
 * scale. It stays raw until somebody says which.
 */
const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['tempf', { metric: 'air_temperature', unit: '°F' }],
  ['indoortempf', { metric: 'air_temperature', unit: '°F', channel: 'indoor' }],
  ['tempinf', { metric: 'air_temperature', unit: '°F', channel: 'indoor' }],
  ['humidity', { metric: 'relative_humidity', unit: '%' }],
  ['indoorhumidity', { metric: 'relative_humidity', unit: '%', channel: 'indoor' }],
  ['humidityin', { metric: 'relative_humidity', unit: '%', channel: 'indoor' }],
  ['dewptf', { metric: 'dew_point', unit: '°F' }],
  ['windspeedmph', { metric: 'wind_speed', unit: 'mph' }],
  ['windspdmph_avg2m', { metric: 'wind_speed', unit: 'mph', channel: 'avg2m' }],
  ['windgustmph', { metric: 'wind_gust', unit: 'mph' }],
  ['windgustmph_10m', { metric: 'wind_gust', unit: 'mph', channel: '10m' }],
  ['winddir', { metric: 'wind_direction', unit: '°' }],
  ['winddir_avg2m', { metric: 'wind_direction', unit: '°', channel: 'avg2m' }],
  ['windgustdir', { metric: 'wind_direction', unit: '°', channel: 'gust' }],
  ['windgustdir_10m', { metric: 'wind_direction', unit: '°', channel: 'gust-10m' }],
  ['solarradiation', { metric: 'solar_radiation', unit: 'W/m²' }],
  ['uv', { metric: 'uv_index', unit: '1' }],
  ['rainin', { metric: 'rain_rate', unit: 'in/h' }],
  ['hourlyrainin', { metric: 'rain_rate', unit: 'in/h' }],
  ['rainratein', { metric: 'rain_rate', unit: 'in/h', channel: 'now' }],
  ['dailyrainin', { metric: 'rain', unit: 'in' }],
  ['baromin', { metric: 'air_pressure', unit: 'inHg' }],
  ['baromrelin', { metric: 'air_pressure', unit: 'inHg' }],
  ['absbaromin', { metric: 'air_pressure', unit: 'inHg', channel: 'absolute' }],
  ['baromabsin', { metric: 'air_pressure', unit: 'inHg', channel: 'absolute' }],
  ['soiltempf', { metric: 'soil_temperature', unit: '°F' }],
  ['leafwetness', { metric: 'leaf_wetness', unit: '%' }],
]);

/** Fields of further sensors: their number, or Ecowitt's channel, is the reading's channel. */
const numbered: readonly (readonly [RegExp, Field])[] = [
  [/^temp(\d)f$/, { metric: 'air_temperature', unit: '°F' }],
  [/^humidity(\d)$/, { metric: 'relative_humidity', unit: '%' }],
  [/^soiltemp(\d)f$/, { metric: 'soil_temperature', unit: '°F' }],
  [/^leafwetness(?:_ch)?(\d)$/, { metric: 'leaf_wetness', unit: '%' }],
];

/** Says nothing of the farm. */
const ABOUT = new Set([
  ...['action', 'dateutc', 'realtime', 'rtfreq', 'softwaretype', 'stationtype', 'model', 'freq'],
  ...['id', 'password', 'passkey', 'runtime', 'heap', 'interval'],
]);

function readingsOf(given: URLSearchParams) {
  const readings: ParsedReading[] = [];
  let [missing, garbled] = [0, 0];
  for (const [name, text] of given) {
    const lower = name.toLowerCase();
    if (ABOUT.has(lower)) continue;
    const field = fieldOf(lower);
    const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : undefined;
    if (number === undefined || !Number.isFinite(number) || number <= MISSING_BELOW) {
      // Text of an unknown field ("weather", "clouds") is none of ours.
      if (field === undefined && number === undefined) continue;
      missing += 1;
      if (!saysNoValue(text) && !(number !== undefined && number <= MISSING_BELOW)) garbled += 1;
      continue;
    }
    const value = field && toMetricUnit(field.metric, number, field.unit);
    if (field === undefined || value === undefined)
      readings.push({ metric: 'raw', channel: channelOf([name]), value: number });
    else readings.push({ metric: field.metric, channel: field.channel ?? '', value });
  }
  return { readings, missing, garbled };
}

function fieldOf(name: string): Field | undefined {
  const known = fields.get(name);
  if (known !== undefined) return known;
  for (const [pattern, field] of numbered) {
    const channel = pattern.exec(name)?.[1];
    if (channel !== undefined) return { ...field, channel };
  }
  return undefined;
}

/** 'YYYY-MM-DD HH:MM:SS' in UTC; some stations leave out leading zeros. */
function utcTime(text: string): number | undefined {
  const parts = /^(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?Z?$/.exec(text.trim());
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts
    .slice(1)
    .map((part) => (part ?? '0').padStart(2, '0'));
  return timeWithOffset(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
