import { MOST_FACTOR } from './loop.ts';
import { mostOf, rateIn } from './rate.ts';
import type { HeadConfig, HeadState, LastPulse, Session, TankConfig, Water } from './types.ts';

/** mL of a tank's stock that a cubic metre of water is to get now. */
function ratioOf(tank: TankConfig, session: Session, water: Water, head: HeadConfig): number {
  const { recipe, loop } = session;
  const stated = recipe.millilitresPerCubicMetre[tank.id] ?? 0;
  if (recipe.ph?.tank === tank.id) return loop.acid;
  if (recipe.mode === 'ec') return tank.isAcid ? stated : stated * loop.factor;
  if (recipe.mode === 'proportional') return stated;
  return spread(recipe.millilitres[tank.id] ?? 0, session, tank, water, head);
}

/** What is left of a quantity, over the water that is still to be dosed; a run that ends early gives less, never a shot at its end. */
function spread(
  quantity: number,
  session: Session,
  tank: TankConfig,
  water: Water,
  head: HeadConfig,
): number {
  const leftLitres = dosableLitres(water, head);
  const left = quantity - (session.given[tank.id] ?? 0);
  if (left <= 0 || leftLitres <= 0 || session.spreadLitres <= 0) return 0;
  return Math.min((left * 1000) / leftLitres, (MOST_FACTOR * quantity * 1000) / session.spreadLitres);
}

/** Water that will pass before the first of the open zones has to be flushed. */
export function dosableLitres({ runs }: Water, { postFlushLitres }: HeadConfig): number {
  const minutes = runs.map(({ litresLeft, litresPerMinute }) =>
    litresPerMinute > 0 ? Math.max(0, litresLeft - postFlushLitres) / litresPerMinute : 0,
  );
  const litresPerMinute = runs.reduce((sum, run) => sum + run.litresPerMinute, 0);
  return Math.min(...minutes) * litresPerMinute;
}

/**
 * What each tank owes after so much more water. No tank gets further behind than two of its longest pulses, a shot makes up for
 * nothing; `slow` is one that does: its pump gives too little for so much water.
 */
export function owedAfter(
  litres: number,
  session: Session,
  water: Water,
  head: HeadConfig,
): { readonly owed: Session['owed']; readonly slow: string | null } {
  const owed: Record<string, number> = {};
  let slow: string | null = null;
  for (const tank of head.tanks) {
    const rate = rateIn(tank, water) ?? 0;
    const most = 2 * tank.maxPulseSeconds * rate;
    const now = (session.owed[tank.id] ?? 0) + (ratioOf(tank, session, water, head) * litres) / 1000;
    owed[tank.id] = Math.min(now, most);
    if (now > most) slow = tank.id;
  }
  return { owed, slow };
}

/**
 * The next tank's turn: after the last one in the order of the head, with a whole pulse to give, and not straight after one that it
 * precipitates with. `mostMillilitres` is what its limits leave.
 */
export function chosen(
  state: Pick<HeadState, 'last'>,
  session: Session,
  water: Water,
  head: HeadConfig,
  mostMillilitres: (tank: TankConfig) => number,
): { readonly tank: TankConfig; readonly seconds: number } | null {
  const ordered = head.tanks.toSorted((a, b) => a.order - b.order);
  const lastIndex = ordered.findIndex(({ id }) => id === state.last?.tank);
  const inTurn = [...ordered.slice(lastIndex + 1), ...ordered.slice(0, lastIndex + 1)];
  /** Tanks that have their turn, and wait for the water between. */
  const waiting: string[] = [];
  for (const tank of inTurn) {
    const rate = rateIn(tank, water);
    if (rate === null || rate === 0) continue;
    // It would keep them waiting for ever.
    if (tank.apartFrom.some((id) => waiting.includes(id)) && !mayGoOn(tank, state)) continue;
    const millilitres = Math.min(session.owed[tank.id] ?? 0, mostMillilitres(tank) / mostOf(tank));
    const seconds = Math.min(tank.maxPulseSeconds, Math.floor(millilitres / rate + 1e-9));
    if (seconds < tank.minPulseSeconds) continue;
    if (!isTooClose(tank, state, water, head)) return { tank, seconds };
    waiting.push(tank.id);
  }
  return null;
}

function isTooClose(
  { apartFrom }: TankConfig,
  { last }: Pick<HeadState, 'last'>,
  water: Water,
  head: HeadConfig,
): boolean {
  const since = (id: string) => water.counter - (last?.ends[id] ?? Number.NEGATIVE_INFINITY);
  return apartFrom.some((id) => since(id) < head.separationLitres);
}

/** What has gathered while others had their turn is given in a few pulses: water between is lost to all. */
const MOST_IN_A_ROW = 3;

function mayGoOn({ id }: TankConfig, { last }: Pick<HeadState, 'last'>): boolean {
  return (last?.inARow[id] ?? 0) % MOST_IN_A_ROW !== 0;
}

/** After a pulse. */
export function lastPulse(
  before: LastPulse | null,
  tank: string,
  counter: number,
  { tanks }: HeadConfig,
): LastPulse {
  const { apartFrom = [] } = tanks.find(({ id }) => id === tank) ?? {};
  const others = Object.entries(before?.inARow ?? {}).filter(([id]) => !apartFrom.includes(id));
  const inARow = { ...Object.fromEntries(others), [tank]: (before?.inARow[tank] ?? 0) + 1 };
  return { tank, counter, ends: { ...before?.ends, [tank]: counter }, inARow };
}
