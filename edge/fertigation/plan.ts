/**
 * A season's plan of one nutrient on one plot: so much by the end of each stage. What a run lacked, by a doubt, a limit or rain, is not
 * made up for in that run but stands in what is still to get, and is spread over the water to come.
 */
export interface StagePlan {
  readonly kilograms: number;
  /** Days from planting: the first of the stage, and the one after its last. */
  readonly fromDay: number;
  readonly toDay: number;
  /** Of irrigation water, on a day like most. */
  readonly litresPerDay: number;
}

export interface PlanState {
  /** Days from planting. */
  readonly day: number;
  /** All that the plot has got in this season. */
  readonly appliedKilograms: number;
  /** Of irrigation since the stage began. */
  readonly stageLitres: number;
}

/** The planned litres count as much as so many days of what was watered. */
const PRIOR_DAYS = 7;
/** A stage's amount is meant to be given so long before its end: rain may take the last runs away. */
const RESERVE_DAYS = 4;
/** A run gets no more than so many times what it would get were everything going by the plan. */
const MOST_OF_EVEN_SHARE = 2;

/** Kilograms that a run of so many litres is to give; 0 outside of all stages and when the plot has what it is to get. */
export function shareOfRun(stages: readonly StagePlan[], state: PlanState, runLitres: number): number {
  const stage = stages.find(({ fromDay, toDay }) => state.day >= fromDay && state.day < toDay);
  if (stage === undefined || !(runLitres > 0)) return 0;
  const planned = stages
    .filter(({ toDay }) => toDay <= stage.toDay)
    .reduce((sum, { kilograms }) => sum + kilograms, 0);
  const left = planned - state.appliedKilograms;
  if (left <= 0) return 0;
  const share = (left * runLitres) / Math.max(runLitres, litresToCome(stage, state));
  const stageLitres = stage.litresPerDay * (stage.toDay - stage.fromDay);
  return Math.min(left, share, (MOST_OF_EVEN_SHARE * stage.kilograms * runLitres) / stageLitres);
}

/** What will be watered until the stage's amount has to be given, this run's water with it. */
function litresToCome({ fromDay, toDay, litresPerDay }: StagePlan, { day, stageLitres }: PlanState): number {
  const perDay = (litresPerDay * PRIOR_DAYS + stageLitres) / (PRIOR_DAYS + day - fromDay);
  return perDay * Math.max(0, toDay - RESERVE_DAYS - day);
}
