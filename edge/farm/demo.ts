import { type Farm, isWatered, type Plot, type WateredZone, type Zone, zonesOf } from './layout.ts';

/** The demo cooperative's farm: two plots of dragon fruit with three zones each, in Bình Thuận. */
export function demoFarm(): Farm {
  return {
    format: 'nongtin-farm-1',
    site: 'HTX Thanh long Hàm Minh',
    plots: [
      plot('plot-a', 'Lô A', 'VN-BTN-0001-DEMO', 1.2, ['a1', 'a2', 'a3']),
      plot('plot-b', 'Lô B', 'VN-BTN-0002-DEMO', 0.9, ['b1', 'b2', 'b3']),
    ],
    farmDevices: ['weather', 'fert', 'trap-1', 'trap-2', 'probe9'],
  };
}

/** The zones whose valves are those of the simulator: nobody can stand beside them. */
export function simulatedZones(farm: Farm): WateredZone[] {
  const simulated = new Set(zonesOf(demoFarm()).map(({ valve }) => valve));
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
  zones: string[],
): Plot {
  return {
    id,
    name,
    crop: 'dragon fruit',
    plantingAreaCode,
    areaHectares,
    zones: zones.map((zoneId, index) => zone(zoneId, `${name} – Khu ${index + 1}`)),
  };
}

function zone(id: string, name: string): Zone {
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
  };
}
