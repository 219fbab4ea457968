import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProfiles, type ParsedMessage, shortMemory } from './index.ts';

const NOW = Date.parse('2026-08-09T14:30:05Z');
const topic = 'nongtin/v1/weather/weather';
const profile = createProfiles(shortMemory()).find({
  speaker: 'weather',
  topic,
  name: 'weatherUpload',
  rest: '',
});

function read(query: string | Uint8Array) {
  const payload = typeof query === 'string' ? Buffer.from(query) : query;
  const input = { speaker: 'weather', topic, name: 'weatherUpload', rest: '' } as const;
  return profile?.parse({ ...input, payload, receivedAtMs: NOW, zoneOffsetMinutes: 420 });
}
const readings = (query: string) =>
  (read(query) as ParsedMessage).readings.map(({ metric, channel, value }) => [metric, channel, value]);

describe('a weather station’s upload', () => {
  it('of the Weather Underground protocol is read in our units, at its own time', () => {
    const query =
      'dateutc=2026-08-09+14%3A30%3A00&tempf=72.5&humidity=58&dewptf=56.8&windspeedmph=4.2&windgustmph=10&winddir=270' +
      '&solarradiation=420&UV=5&rainin=0.12&dailyrainin=1.5&baromin=29.92&soiltempf=77&leafwetness=40' +
      '&indoortempf=80.6&indoorhumidity=61&softwaretype=WS-2902&action=updateraw&realtime=1&rtfreq=2.5';
    expect(read(query)).toMatchObject({
      ...{ kind: 'readings', timeGiven: true, observedAtMs: Date.parse('2026-08-09T14:30:00Z'), missing: 0 },
    });
    const near = (value: number) => expect.closeTo(value, 6);
    expect(readings(query)).toEqual([
      ['air_temperature', '', near(22.5)],
      ['relative_humidity', '', 58],
      ['dew_point', '', near(13.7777778)],
      ['wind_speed', '', near(1.877568)],
      ['wind_gust', '', near(4.4704)],
      ['wind_direction', '', 270],
      ['solar_radiation', '', 420],
      ['uv_index', '', 5],
      ['rain_rate', '', near(3.048)],
      ['rain', '', near(38.1)],
      ['air_pressure', '', expect.closeTo(1013.207, 2)],
      ['soil_temperature', '', near(25)],
      ['leaf_wetness', '', 40],
      ['air_temperature', 'indoor', near(27)],
      ['relative_humidity', 'indoor', 61],
    ]);
  });

  it('of an Ecowitt console is read too, its further sensors as channels', () => {
    const query =
      'stationtype=GW1100A_V2.1.8&runtime=12&dateutc=2026-08-09+14:30:00&tempinf=77.0&humidityin=62&baromrelin=29.800' +
      '&baromabsin=29.700&tempf=86.0&humidity=70&temp1f=68&humidity1=80&soilmoisture1=43&rainratein=0.5&hourlyrainin=0.1' +
      '&dailyrainin=0.2&wh65batt=0&freq=868M&model=GW1100A';
    expect(readings(query)).toEqual(
      expect.arrayContaining([
        ['air_temperature', '', 30],
        ['air_temperature', '1', 20],
        ['relative_humidity', '1', 80],
        ['rain_rate', 'now', expect.closeTo(12.7, 6)],
        ['rain_rate', '', expect.closeTo(2.54, 6)],
        ['raw', 'soilmoisture1', 43],
        ['raw', 'wh65batt', 0],
      ]),
    );
  });

  it('keeps soil moisture raw: per cent by the protocol, centibars from a Davis station', () => {
    expect(readings('soilmoisture=35')).toEqual([['raw', 'soilmoisture', 35]]);
  });

  it('without a time of its own gets that of its reception', () => {
    expect(read('dateutc=now&tempf=70')).toMatchObject({ timeGiven: false, observedAtMs: undefined });
    expect(read('tempf=70')).toMatchObject({ timeGiven: false });
    expect(read('dateutc=yesterday&tempf=70')).toMatchObject({ timeGiven: true, observedAtMs: undefined });
    expect(read('dateutc=2026-8-9+4:3:0&tempf=70')).toMatchObject({
      observedAtMs: Date.parse('2026-08-09T04:03:00Z'),
    });
  });

  it('counts a sensor that the station does not have as missing', () => {
    expect(
      read('tempf=-9999&humidity=&windspeedmph=--&UV=-9999.0&weather=cloudy&soilmoisture2=-9999&dewptf=50'),
    ).toMatchObject({
      missing: 5,
      readings: [{ metric: 'dew_point' }],
    });
  });

  it.each([
    ['a=1&'.repeat(300), 'too_many_fields'],
    [`x=${'1'.repeat(9_000)}`, 'too_large'],
    [Buffer.from([0x61, 0x3d, 0xff]), 'not_utf8'],
  ])('that is beyond bounds is refused: %.10s', (query, cause) => {
    expect(read(query)).toMatchObject({ kind: 'problem', cause });
  });

  it('gives finite numbers only, whatever comes', () => {
    const name = fc.oneof(
      fc.constantFrom('tempf', 'rainin', 'dateutc', '__proto__', 'temp3f', 'constructor'),
      fc.string(),
    );
    const value = fc.oneof(fc.constantFrom('1e999', '-9999', '.5', '7.', 'NaN', '0x10'), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
        const parsed = read(new URLSearchParams(pairs).toString());
        if (parsed && 'readings' in parsed)
          for (const { value: number, channel } of parsed.readings)
            expect(Number.isFinite(number) && channel.length <= 64).toBe(true);
      }),
    );
  });
});
