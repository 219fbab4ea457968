import type { Trap } from '../pest/trap-schema.ts';
import { withDosing } from './demo-dosing.ts';
import { type Farm, isWatered, type Plot, type WateredZone, type Zone, zonesOf } from './layout.ts';

/** Of ground that a pillar's crop shades, and of it what drippers wet, where its roots are. */
const SQUARE_METRES_PER_PILLAR = 3;
const ROOTED_FRACTION = 0.32;
/** The zone that is watered by the balance of its soil. */
const BY_NEED = 'b3';
/** Before the sun and the wind take their share. */
const byNeed = {
  ...{ id: 'theo-nhu-cau', name: 'Theo nhu cầu của cây' },
  windows: [{ start: '03:00', end: '07:00' }],
};

/**
 * The demo cooperative's farm: two plots of dragon fruit with three zones each, in Bình Thuận. In most of them the probe decides
 * when they are watered, so that a time-lapse of minutes has something to show, with the balance of the soil beside it; in
 * the last one a program waters by that balance.
 */
export function demoFarm(): Farm {
  return {
    format: 'nongtin-farm-1',
    site: 'HTX Thanh long Hàm Minh',
    location: {
      ...{ latitudeDegrees: 10.93, longitudeDegrees: 108.1, elevationMetres: 20 },
      ...{ isCoastal: true, windHeightMetres: 2 },
    },
    plots: [
      plot('plot-a', 'Lô A', 'VN-BTN-0001-DEMO', 1.2, { a1: 30, a2: 30, a3: 28 }),
      plot('plot-b', 'Lô B', 'VN-BTN-0002-DEMO', 0.9, { b1: 32, b2: 30, b3: 29 }),
    ],
    traps: [flyTrap('plot-a', 'Bẫy ruồi lô A', 'trap-1'), flyTrap('plot-b', 'Bẫy ruồi lô B', 'trap-2')],
    farmDevices: ['weather', 'fert', 'trap-1', 'trap-2', 'probe9'],
  };
}

/** The zones whose valves are those of the simulator: nobody can stand beside them. */
export function simulatedZones(farm: Farm): WateredZone[] {
  const simulated = new Set(zonesOf(withDosing(demoFarm())).map(({ valve }) => valve));
  return zonesOf(farm).filter(
    (zone): zone is WateredZone =>
      isWatered(zone) && typeof zone.valve === 'string' && simulated.has(zone.valve),
  );
}

function plot(
  id: string,
  name: string,
  plantingAreaCode: string,
  areaHectares: number,
  /** With their pillars. */
  zones: Readonly<Record<string, number>>,
): Plot {
  return {
    id,
    name,
    crop: 'dragon fruit',
    plantingAreaCode,
    areaHectares,
    zones: Object.entries(zones).map(([zoneId, pillars], index) => ({
      ...zone(zoneId, `${name} – Khu ${index + 1}`, pillars),
      ...(zoneId === BY_NEED ? { program: byNeed } : {}),
    })),
  };
}

function flyTrap(plotId: string, name: string, device: string): Trap {
  const pest = 'bactrocera-dorsalis';
  return { id: `fly-${plotId}`, name, plot: plotId, pest, kind: 'methyl_eugenol', device };
}

function zone(id: string, name: string, pillars: number): Zone {
  return {
    id,
    name,
    valve: `valve-${id}`,
    soilProbe: `soil-${id}`,
    openBelowFraction: 0.2,
    targetFraction: 0.25,
    runSeconds: 600,
    maxRunSeconds: 1800,
    nominalFlowLitresPerMinute: 38,
    water: {
      ...{ crop: 'dragon-fruit-high', soil: 'sandy-loam', method: 'drip' },
      ...{ areaSquareMetres: pillars * SQUARE_METRES_PER_PILLAR, plants: pillars, efficiency: 0.9 },
      // As measured there: a pillar's roots are shallow.
      ...{ fieldCapacity: 0.26, wiltingPoint: 0.09, rootDepthMetres: 0.3 },
      ...{ wettedFraction: ROOTED_FRACTION, rootedFraction: ROOTED_FRACTION, depletionFraction: 0.6 },
    },
  };
}
