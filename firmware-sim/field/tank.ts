/** A tank, and the float that lets water in below one level and until another. */
export interface Tank {
  readonly litres: number;
  readonly filling: boolean;
}

export interface TankBuild {
  readonly capacityLitres: number;
  readonly inflowLitresPerHour: number;
  readonly fillBelowFraction: number;
  readonly fillUpToFraction: number;
}

export function stepTank(tank: Tank, build: TankBuild, step: { hours: number; drawnLitres: number }): Tank {
  const inflow = tank.filling ? build.inflowLitresPerHour * step.hours : 0;
  const full = build.fillUpToFraction * build.capacityLitres;
  const litres = Math.min(Math.max(0, tank.litres + inflow - step.drawnLitres), build.capacityLitres);
  const filling = tank.filling ? litres < full : litres < build.fillBelowFraction * build.capacityLitres;
  return { litres, filling };
}
