/**
 * Units by quantity. A row: the spellings (after `spelling`), then how many of the quantity's base unit one of it is, as
 * a fraction.
 *
 * Sources: SI brochure (9th edition) for the units and prefixes; NIST SP 811 (2008), appendix B, for inch, foot,
 * US gallon, pound-force per square inch, mile, knot, mmHg, inHg (conventional), degree Fahrenheit; UCUM 2.1 for the
 * symbols in square brackets and `Cel`.
 *
 * Left out, because no factor is true: ppm for conductivity (meters use 0.5, 0.64 or 0.7), µmol/(m²·s) or lx for W/m²
 * (depends on the spectrum), Beaufort, ppm for mg/kg (by mass or by volume is not said), dB for dBm.
 */
export interface UnitRow {
  readonly spellings: string;
  readonly times: number;
  readonly by?: number;
  /** The value that is zero of the base unit. */
  readonly zero?: number;
}

const row = (spellings: string, times = 1, by = 1): UnitRow => ({ spellings, times, by });

const US_GALLON_NL = 3_785_411_784;
const UK_GALLON_NL = 4_546_090_000;
const CUBIC_FOOT_NL = 28_316_846_592;
const NL = 1_000_000_000;

export const units: Readonly<Record<string, readonly UnitRow[]>> = {
  temperature: [
    row('°C C Cel degC deg.C Celsius'),
    { spellings: '°F F [degF] degF Fahrenheit', times: 5, by: 9, zero: 32 },
    { spellings: 'K Kelvin', times: 1, zero: 273.15 },
  ],
  ratio: [row('1'), row('% %RH percent pct', 1, 100)],
  volumetricRatio: [row('m3/m3 cm3/cm3 VWC'), row('%vol vol% %VWC %(v/v) %v/v', 1, 100)],
  number: [row('lqi index UVindex UVI count counts')],
  conductivity: [
    row('uS/m', 1),
    row('uS/cm', 100),
    row('mS/m', 1_000),
    row('mS/cm dS/m mmho/cm', 100_000),
    row('S/m', 1_000_000),
    row('S/cm', 100_000_000),
  ],
  acidity: [row('pH')],
  pressure: [
    row('mPa', 1, 1_000),
    row('Pa'),
    row('hPa mbar mb', 100),
    row('kPa cbar cb centibar', 1_000),
    row('MPa', 1_000_000),
    row('bar', 100_000),
    row('psi [psi] lbf/in2', 6_894_757_293_168, NL),
    row('mmHg mm[Hg] Torr', 133_322_387_415, NL),
    row('inHg', 3_386_389, 1_000),
    row('mH2O m[H2O]', 980_665, 100),
    row('kgf/cm2', 980_665, 10),
    row('atm', 101_325),
  ],
  flow: [
    row('L/h LPH L/hr'),
    row('L/min LPM', 60),
    row('L/s', 3_600),
    row('mL/min', 60, 1_000),
    row('mL/s', 3_600, 1_000),
    row('m3/h m3/hr CMH', 1_000),
    row('m3/min', 60_000),
    row('m3/s', 3_600_000),
    row('gal/min GPM', 60 * US_GALLON_NL, NL),
    row('gal/h GPH', US_GALLON_NL, NL),
    row('gal/d', US_GALLON_NL, 24 * NL),
    row('ft3/min CFM', 60 * CUBIC_FOOT_NL, NL),
  ],
  volume: [
    row('L litre litres liter liters'),
    row('mL cm3 cc', 1, 1_000),
    row('cL', 1, 100),
    row('dL', 1, 10),
    row('hL', 100),
    row('m3', 1_000),
    row('ML', 1_000_000),
    row('gal [gal_us] gallon gallons', US_GALLON_NL, NL),
    row('[gal_br]', UK_GALLON_NL, NL),
    row('ft3', CUBIC_FOOT_NL, NL),
    row('CCF', 100 * CUBIC_FOOT_NL, NL),
  ],
  length: [
    row('mm L/m2', 1, 1_000),
    row('cm', 1, 100),
    row('m'),
    row('km', 1_000),
    row('in [in_i] inch inches "', 254, 10_000),
    row('ft [ft_i] feet', 3_048, 10_000),
    row('yd', 9_144, 10_000),
  ],
  speed: [
    row('m/s mps'),
    row('km/h kph kmh', 10, 36),
    row('mph mi/h [mi_i]/h', 44_704, 100_000),
    row('kn kt kts knot knots [kn_i]', 1_852, 3_600),
    row('ft/s', 3_048, 10_000),
  ],
  rainRate: [
    row('mm/h mm/hr L/m2/h'),
    row('mm/min', 60),
    row('mm/d mm/day', 1, 24),
    row('in/h in/hr', 254, 10),
    row('in/d in/day', 254, 240),
  ],
  irradiance: [row('W/m2'), row('kW/m2', 1_000), row('mW/cm2', 10)],
  illuminance: [row('lx lux lm/m2'), row('klx klux', 1_000), row('fc', 10_763_910, 1_000_000)],
  voltage: [
    row('uV', 1, 1_000_000),
    row('mV', 1, 1_000),
    row('V volt volts'),
    row('kV', 1_000),
    row('MV', 1_000_000),
  ],
  current: [row('uA', 1, 1_000_000), row('mA', 1, 1_000), row('A amp amps ampere'), row('kA', 1_000)],
  power: [row('mW', 1, 1_000), row('W watt watts'), row('kW', 1_000), row('MW', 1_000_000)],
  energy: [
    row('J Ws'),
    row('kJ', 1_000),
    row('MJ', 1_000_000),
    row('GJ', 1_000_000_000),
    row('mWh', 36, 10),
    row('Wh', 3_600),
    row('Wmin W.min', 60),
    row('kWh', 3_600_000),
    row('MWh', 3_600_000_000),
  ],
  powerLevel: [row('dBm')],
  level: [row('dB')],
  volumeFraction: [row('ppm [ppm]'), row('ppb [ppb]', 1, 1_000)],
  massFraction: [row('mg/kg'), row('g/kg', 1_000)],
  angle: [row('° deg degree degrees'), row('rad', 180, Math.PI)],
};
