import type { PlantProtectionProduct, SprayRecord } from '@nongtin/broker/wire';

/** A product that no shop sells: figures to reckon with, no advice. */
export function product(told: Partial<PlantProtectionProduct> = {}): PlantProtectionProduct {
  return {
    ...{ tradeName: 'Ví dụ 100EC', ingredients: [{ name: 'exampline', content: 100, unit: 'g/L' }] },
    ...{ dose: { min: 0.5, max: 1, unit: 'L/ha' }, phiDays: 7, reiHours: 24, crops: ['dragon fruit'] },
    ...{ pests: ['ants'], restrictions: [], source: 'label', sourceDate: '2026-01-05' },
    ...told,
  };
}

/** 06:00 to 07:30 on 23 November 2026 in Vietnam. */
export const SPRAYED_MS = Date.UTC(2026, 10, 22, 23);

export function spray(told: Partial<SprayRecord> = {}, label = product()): SprayRecord {
  const { tradeName, phiDays, reiHours, crops, pests } = label;
  const listed = { version: 1, row: 0, phiDays, reiHours, crops, pests, ingredients: ['exampline'] };
  return {
    ...{ kind: 'spray', sprayId: 's1', revision: 1, state: 'standing', atMs: SPRAYED_MS + 7_200_000 },
    ...{ isClockTrusted: true, recordedBy: 'u1', recordedByName: 'Cô Ba', plot: 'plot-a', zones: [] },
    ...{ areaHectares: 1.2, products: [{ tradeName, dose: { amount: 1, unit: 'L/ha' }, listed }] },
    ...{ pest: 'ants', startedAtMs: SPRAYED_MS, endedAtMs: SPRAYED_MS + 5_400_000, endDate: '2026-11-23' },
    ...{ operator: 'Cô Ba', weather: null, warnings: [] },
    ...told,
  };
}
