import { givenToday, leftOf } from './limits.ts';
import { tanksOf } from './permit.ts';
import { mostOf, rateIn } from './rate.ts';
import type { Turn } from './turn.ts';
import type { HeadState, Session, TankConfig, Water } from './types.ts';

/** How much of each tank a dose has given, may give, and is to give; mL. */

export function tanksIn({ recipe }: Session, { head }: Turn): TankConfig[] {
  const named = tanksOf(recipe);
  return head.tanks.filter(({ id }) => named.includes(id));
}

export function givenOf({ given }: Session, { id }: TankConfig): number {
  return given[id] ?? 0;
}

/**
 * What the water has had of all tanks but acid, with what is due to it and waits for its pulse: without that, stock would look stronger
 * than it is by half a pulse of each tank.
 */
export function fertilizerGiven(session: Session, turn: Turn): number {
  return tanksIn(session, turn)
    .filter(({ id, isAcid }) => !isAcid && id !== session.recipe.ph?.tank)
    .reduce((sum, tank) => sum + givenOf(session, tank) + (session.owed[tank.id] ?? 0), 0);
}

export function leftFor(
  tank: TankConfig,
  session: Session,
  state: HeadState,
  { now, dayOf, earlierToday }: Turn,
) {
  const known = earlierToday.get(tank.id);
  const earlier = known ?? givenToday(state.given, tank, now, dayOf);
  if (known === undefined) earlierToday.set(tank.id, earlier);
  return leftOf(tank, session, earlier);
}

/** Before anything is given it is written down as given, in parts: a restart counts the last part whole. */
export function allowed(session: Session, state: HeadState, turn: Turn): Session {
  if (session.asked !== null) return session;
  const tanks = tanksIn(session, turn);
  const isShort = tanks.some((tank) => {
    const have = session.allowed[tank.id] ?? 0;
    return (
      have < leftFor(tank, session, state, turn).millilitres + givenOf(session, tank) &&
      have - givenOf(session, tank) < partOf(tank, session, state.water) / 2
    );
  });
  if (!isShort) return session;
  const asked = Object.fromEntries(
    tanks.map((tank) => {
      const most = givenOf(session, tank) + leftFor(tank, session, state, turn).millilitres;
      return [
        tank.id,
        Math.max(
          session.allowed[tank.id] ?? 0,
          Math.min(most, givenOf(session, tank) + partOf(tank, session, state.water)),
        ),
      ];
    }),
  );
  const { doseId, runIds, recipe, given } = session;
  const allowance = { doseId, runIds, recipe: recipe.id, millilitres: asked, given };
  turn.actions.push({ kind: 'journal_allowance', ...allowance });
  return { ...session, asked };
}

/** Of a run's limit, or of what its plan gives it; enough for two pulses. */
function partOf(tank: TankConfig, session: Session, water: Water | null): number {
  const { perRunMillilitres, maxPulseSeconds } = tank;
  const most = Math.min(perRunMillilitres, plannedOf(tank, session) ?? Number.POSITIVE_INFINITY);
  return Math.max(most / 8, 2 * maxPulseSeconds * (rateIn(tank, water) ?? 0) * mostOf(tank));
}

/** What all runs of the dose are to get by their plans; undefined: as their water wants. */
function plannedOf({ id }: TankConfig, { planned }: Session): number | undefined {
  let sum: number | undefined;
  for (const run in planned) {
    const its = planned[run]?.[id];
    if (its !== undefined) sum = (sum ?? 0) + its;
  }
  return sum;
}

/** What each of these runs is to get by its plan, beside those that the dose had before. */
export function plannedAfter(before: Session['planned'], { runs }: Water): Session['planned'] {
  let after = before;
  for (const { runId, recipe } of runs)
    if (recipe?.plannedMillilitres !== undefined && after[runId] !== recipe.plannedMillilitres)
      after = { ...after, [runId]: recipe.plannedMillilitres };
  return after;
}

/** To half of its shortest pulse: above and below even out over a season. */
export function hasAsPlanned(tank: TankConfig, session: Session, water: Water): boolean {
  const planned = plannedOf(tank, session);
  const halfPulse = (tank.minPulseSeconds * (rateIn(tank, water) ?? 0)) / 2;
  return planned !== undefined && givenOf(session, tank) + halfPulse >= planned;
}
