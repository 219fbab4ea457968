/** Each figure that the tool prints: what it is, its unit, and its equation (FAO-56 1998 | 2025). */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly equation: string;
}

const figure = (name: string, unit: string, equation: string): Figure => ({ name, unit, equation });

export const FIGURES: Readonly<Record<string, Figure>> = {
  mm: figure('ET0', 'mm', '6, 53 | 2.4, 2.5'),
  pressureKpa: figure('P, air pressure', 'kPa', '7 | 3.1'),
  psychrometricKpaPerCelsius: figure('γ, psychrometric constant', 'kPa/°C', '8 | 3.3'),
  tMeanCelsius: figure('T, mean temperature', '°C', '9 | 3.7'),
  slopeKpaPerCelsius: figure('Δ, slope of the saturation curve', 'kPa/°C', '13 | 3.8'),
  saturationKpa: figure('es, saturation vapour pressure', 'kPa', '11, 12 | 3.6, 3.7'),
  vapourKpa: figure('ea, actual vapour pressure', 'kPa', '14 to 19 | 3.9, 3.13 to 3.16'),
  extraterrestrialMegajoules: figure('Ra, radiation outside the atmosphere', 'MJ/m²', '21, 28 | 3.18, 3.25'),
  daylightHours: figure('N, daylight', 'h', '34 | 3.31'),
  clearSkyMegajoules: figure('Rso, radiation under a clear sky', 'MJ/m²', '37 | 3.34'),
  solarMegajoules: figure('Rs, solar radiation', 'MJ/m²', '35, 50 | 3.32, 3.52'),
  clearness: figure('Rs/Rso, limited to 0.3 to 1', '1', '39 | 3.42'),
  netShortwaveMegajoules: figure('Rns, net shortwave radiation', 'MJ/m²', '38 | 3.41'),
  netLongwaveMegajoules: figure('Rnl, net longwave radiation', 'MJ/m²', '39 | 3.42'),
  netMegajoules: figure('Rn, net radiation', 'MJ/m²', '40 | 3.43'),
  soilHeatMegajoules: figure('G, soil heat flux', 'MJ/m²', '42 to 46 | 3.45 to 3.49'),
  windAt2mMetresPerSecond: figure('u2, wind at 2 m', 'm/s', '47 | 3.50'),
  cropDay: figure('day of the crop', 'd', 'table 11'),
  et0Mm: figure('ET0', 'mm', '6 | 2.4'),
  kc: figure('Kc', '1', '58, 66, 69 | 6.1, 6.20, 7.1 to 7.9'),
  standardKc: figure('Kc of the table, in a standard climate', '1', 'table 12 | chapter 6'),
  kcb: figure('Kcb, basal', '1', '70 | 7.1 to 7.9'),
  ke: figure('Ke, evaporation', '1', '71 | 7.1 to 7.9'),
  evaporationMm: figure('E, evaporation of the surface', 'mm', '71 | 7.1 to 7.9'),
  ks: figure('Ks, water stress', '1', '84 | 8.6'),
  salinityKs: figure('Ks of salt', '1', '91 | 8.19 to 8.25'),
  etcMm: figure('ETc', 'mm', '58 | 6.1'),
  etcActualMm: figure('ETc adjusted', 'mm', '80, 81 | 8.7'),
  rainMm: figure('P, rain', 'mm', '85 | 8.7'),
  runoffMm: figure('RO, runoff', 'mm', 'USDA NEH-4'),
  lightRainMm: figure('rain below 0.2 ET0', 'mm', 'chapter 8'),
  rainBesideRootsMm: figure('rain beside the rooted strips', 'mm', 'ours, decision 0026'),
  effectiveRainMm: figure('P − RO, effective rain', 'mm', '85 | 8.7'),
  irrigationMm: figure('I, irrigation', 'mm', '85 | 8.7'),
  percolationMm: figure('DP, deep percolation', 'mm', '88 | 8.15'),
  capillaryRiseMm: figure('CR, capillary rise: left out', 'mm', '85 | 8.7'),
  rootGrowthMm: figure('water found by growing roots', 'mm', 'annex 8'),
  rootDepthMetres: figure('Zr, root depth', 'm', 'annex 8'),
  tawMm: figure('TAW', 'mm', '82 | 8.3'),
  rawMm: figure('RAW', 'mm', '83 | 8.4'),
  p: figure('p', '1', 'table 22 | 8.5'),
  depletionBeforeMm: figure('Dr at the beginning', 'mm', '85 | 8.7'),
  depletionMm: figure('Dr at the end', 'mm', '85, 86 | 8.7'),
  soilMoisture: figure('θ of the rooted soil', 'm³/m³', '87 | 8.8'),
  netMm: figure('net irrigation', 'mm', 'chapter 8'),
  netOverWettedMm: figure('net irrigation over the wetted part', 'mm', '61 | 6.4'),
  grossMm: figure('gross irrigation', 'mm', 'net / (efficiency × (1 − LR))'),
  litres: figure('gross irrigation of the zone', 'L', 'gross × m²'),
  litresPerPlant: figure('for each plant', 'L', 'litres / plants'),
  minutes: figure('watering time', 'min', 'litres / flow'),
  leachingRequirement: figure('LR, leaching requirement', '1', 'FAO-29, 93 | 8.26'),
};

/** The figures of a value that has them, one a line, aligned; others are left out. */
export function figureLines(value: object): string[] {
  const rows = Object.entries(value).flatMap(([key, number]) => {
    const found = FIGURES[key];
    return found === undefined || typeof number !== 'number' ? [] : [{ ...found, number }];
  });
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  return rows.map(
    ({ name, unit, equation, number }) =>
      `  ${name.padEnd(width)}  ${inDigits(number).padStart(10)} ${unit.padEnd(7)} (${equation})`,
  );
}

/** Four significant digits, without zeros that say nothing. */
export function inDigits(value: number): string {
  if (value === 0 || Math.abs(value) < 1e-9) return '0';
  return String(Number(Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4)));
}
