/** The tank every zone is watered from. A float switch starts the well pump below one level and stops it at another. */
export interface Tank {
  readonly litres: number;
  readonly filling: boolean;
}

export interface TankBuild {
  readonly capacityLitres: number;
  readonly pumpLitresPerHour: number;
  readonly fillBelowShare: number;
  readonly fillUpToShare: number;
}

export function stepTank(tank: Tank, build: TankBuild, step: { hours: number; drawnLitres: number }): Tank {
  const pumped = tank.filling ? build.pumpLitresPerHour * step.hours : 0;
  const full = build.fillUpToShare * build.capacityLitres;
  const litres = Math.min(Math.max(0, tank.litres + pumped - step.drawnLitres), build.capacityLitres);
  const filling = tank.filling ? litres < full : litres < build.fillBelowShare * build.capacityLitres;
  return { litres, filling };
}
