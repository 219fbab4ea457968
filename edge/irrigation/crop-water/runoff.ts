/**
 * What of a day's rain runs off, mm, by the USDA curve number (NEH-4; FAO-56 leaves the method open). Curve number 100 is
 * a roof, 70 a vegetable field on loam; without one nothing runs off, as in a bunded or level field.
 */
export function runoffMm(rainMm: number, curveNumber: number | null): number {
  if (curveNumber === null || rainMm <= 0) return 0;
  const retention = 25_400 / curveNumber - 254;
  const abstraction = 0.2 * retention;
  if (rainMm <= abstraction) return 0;
  return (rainMm - abstraction) ** 2 / (rainMm + 0.8 * retention);
}
