import type { Waiting } from './anchor-store.ts';

/** When what waits becomes a tree: so many seconds after the last one, or at once when so many leaves wait. */
export interface TreeRules {
  readonly everySeconds: number;
  readonly atLeaves: number;
}

const atEveryLook: TreeRules = { everySeconds: 0, atLeaves: 1 };

export function isTimeForTree(waiting: Waiting, nowMs: number, rules: TreeRules = atEveryLook): boolean {
  const { leaves, lastTreeAtMs } = waiting;
  if (leaves === 0) return false;
  if (leaves >= rules.atLeaves || lastTreeAtMs === undefined) return true;
  // A clock that was set back must not hold up what waits.
  const sinceMs = nowMs - lastTreeAtMs;
  return sinceMs < 0 || sinceMs >= rules.everySeconds * 1000;
}
