/**
 * A wet test: a valve is opened for some seconds while a person stands beside it, and then left to close by itself. Pure:
 * a test and what happens in, the next test and what to do out. It opens nothing itself: the controller does
 * (irrigation/controller/testing.ts), and hands on here what the valve and its meter say.
 *
 *   opening ── it says open ──► open ── it says closed ──► draining ── dry, or time is up ──► over
 *      │ no answer               │ time is up, or a person stops
 *      └─────────────────────────┴──► closing (told to close, again and again) ── closed, or no word ──► over
 *
 * Times are the farm's milliseconds.
 */
export interface TestPlan {
  /** What the valve is told. */
  readonly leaseSeconds: number;
  /** When its own means close it, which some can tell only roughly. */
  readonly cutOffSeconds: number;
  /** By so much it may be early or late. */
  readonly toleranceSeconds: number;
  /** How long an answer may take. */
  readonly answerSeconds: number;
  /** How long after the closing it is watched running dry … */
  readonly drainSeconds: number;
  /** … and how long, when its meter has said nothing yet since it was opened. */
  readonly meterSeconds: number;
  readonly nominalLitresPerMinute: number;
  readonly isMetered: boolean;
}

/** What one message tells. */
export interface Told {
  readonly open: boolean;
  /** Its answer to our very command, which it names. */
  readonly isOurs: boolean;
  /** Null: nothing of it. */
  readonly flowLitresPerMinute: number | null;
  readonly totalLitres: number | null;
}

type Stage = 'opening' | 'open' | 'draining' | 'closing' | 'over';

export interface WetTest {
  readonly plan: TestPlan;
  readonly stage: Stage;
  /** Why it is told to close, where it did not do so by itself. */
  readonly forced: 'no_answer' | 'past_cut_off' | 'stopped' | null;
  readonly sentMs: number;
  readonly openMs: number | null;
  /** By itself. */
  readonly closedMs: number | null;
  readonly dryMs: number | null;
  /** When it was first told to close, and when it last said anything. */
  readonly forcedMs: number | null;
  readonly heardMs: number;
  /** The valve's last word. */
  readonly isOpen: boolean;
  readonly litresBefore: number | null;
  readonly litres: number | null;
  /** The smallest rise of the counter: it can tell nothing finer. */
  readonly litresStep: number | null;
  /** Told while it was open, the newest last; bounded. */
  readonly flows: readonly number[];
  /** Summed up from the flow, a counter's rival. */
  readonly flowLitres: number;
  readonly lastFlow: { readonly value: number; readonly ms: number } | null;
  readonly closesSent: number;
  readonly closeSentMs: number;
}

export interface TestStep {
  readonly test: WetTest;
  /** Tell it to close now. */
  readonly close: boolean;
}

const MOST_FLOWS = 256;
const MOST_CLOSES = 3;
/** Below this part of the nominal flow a meter says that nothing runs. */
export const NOISE_FRACTION = 0.03;

/** The opening has just been sent. */
export function beginTest(plan: TestPlan, litresBefore: number | null, nowMs: number): WetTest {
  return {
    ...{ plan, stage: 'opening', forced: null, sentMs: nowMs, openMs: null, closedMs: null, dryMs: null },
    ...{ forcedMs: null, heardMs: nowMs, isOpen: false },
    ...{ litresBefore, litres: litresBefore, litresStep: null },
    ...{ flows: [], flowLitres: 0, lastFlow: null, closesSent: 0, closeSentMs: nowMs },
  };
}

export function hear(test: WetTest, told: Told, nowMs: number): TestStep {
  if (test.stage === 'over') return quiet(test);
  const heard = measured({ ...test, isOpen: told.open, heardMs: nowMs }, told, nowMs);
  switch (test.stage) {
    case 'opening':
      if (told.open) return quiet({ ...heard, stage: 'open', openMs: nowMs });
      // The answer to the opening was lost, but it has been open.
      return told.isOurs
        ? quiet({ ...heard, stage: 'draining', openMs: heard.sentMs, closedMs: nowMs })
        : quiet(heard);
    case 'open':
      return told.open ? quiet(heard) : quiet({ ...heard, stage: 'draining', closedMs: nowMs });
    case 'draining':
      // Opened again, by hand or by a fault of its own: that ends here.
      return told.open ? force(heard, 'past_cut_off', nowMs) : quiet(isDry(heard) ? over(heard) : heard);
    case 'closing':
      return quiet(told.open ? heard : over(heard));
  }
}

export function tick(test: WetTest, nowMs: number): TestStep {
  const { plan, stage } = test;
  const passed = (sinceMs: number | null, seconds: number) => nowMs - (sinceMs ?? nowMs) >= seconds * 1000;
  switch (stage) {
    case 'opening':
      return passed(test.sentMs, plan.answerSeconds) ? force(test, 'no_answer', nowMs) : quiet(test);
    case 'open':
      return passed(test.openMs, plan.cutOffSeconds + plan.toleranceSeconds)
        ? force(test, 'past_cut_off', nowMs)
        : quiet(test);
    case 'draining':
      return drain(test, nowMs);
    case 'closing':
      if (!passed(test.closeSentMs, plan.answerSeconds)) return quiet(test);
      return test.closesSent < MOST_CLOSES ? closeAgain(test, nowMs) : quiet(over(test));
    case 'over':
      return quiet(test);
  }
}

/** Told to close it has said nothing any more: it may be open or closed. */
export function isGone({ forcedMs, heardMs, isOpen }: WetTest): boolean {
  return isOpen && forcedMs !== null && heardMs < forcedMs;
}

/** A person wants it to end. */
export function stopTest(test: WetTest, nowMs: number): TestStep {
  return test.stage === 'over' ? quiet(test) : force(test, 'stopped', nowMs);
}

/** It has closed by itself. A close now does no harm, and makes one that tells only changes tell its meter once more. */
function drain(test: WetTest, nowMs: number): TestStep {
  const { plan, closedMs, closesSent } = test;
  if (!plan.isMetered || isDry(test)) return quiet(over(test));
  const limit = hasMetered(test) ? plan.drainSeconds : plan.meterSeconds;
  const passedMs = nowMs - (closedMs ?? nowMs);
  if (passedMs >= limit * 1000) return quiet(over(test));
  const isHalf = passedMs >= (plan.drainSeconds * 1000) / 2;
  return isHalf && closesSent === 0 ? { test: { ...test, closesSent: 1 }, close: true } : quiet(test);
}

function isDry({ dryMs, closedMs }: WetTest): boolean {
  return dryMs !== null && closedMs !== null;
}

/** Its meter has said something since it was opened. */
function hasMetered({ lastFlow, litresStep }: WetTest): boolean {
  return lastFlow !== null || litresStep !== null;
}

function quiet(test: WetTest): TestStep {
  return { test, close: false };
}

function over(test: WetTest): WetTest {
  return { ...test, stage: 'over' };
}

function force(test: WetTest, forced: NonNullable<WetTest['forced']>, nowMs: number): TestStep {
  // A person's stop during a closing that is under way already changes nothing about why.
  const why = test.forced ?? forced;
  const forcedMs = test.forcedMs ?? nowMs;
  return closeAgain({ ...test, stage: 'closing', forced: why, forcedMs, closesSent: 0 }, nowMs);
}

function closeAgain(test: WetTest, nowMs: number): TestStep {
  return { test: { ...test, closesSent: test.closesSent + 1, closeSentMs: nowMs }, close: true };
}

function measured(test: WetTest, told: Told, nowMs: number): WetTest {
  return counted(flowed(test, told, nowMs), told.totalLitres);
}

function flowed(test: WetTest, { flowLitresPerMinute: flow, open }: Told, nowMs: number): WetTest {
  if (flow === null) return test;
  const { lastFlow, plan } = test;
  const before = lastFlow ?? { value: 0, ms: test.sentMs };
  const litres = (((before.value + flow) / 2) * (nowMs - before.ms)) / 60_000;
  const runs = flow > plan.nominalLitresPerMinute * NOISE_FRACTION;
  const hasRun = test.flows.length > 0 || test.closedMs !== null || (!open && test.openMs !== null);
  return {
    ...test,
    lastFlow: { value: flow, ms: nowMs },
    flowLitres: test.flowLitres + litres,
    flows: runs && open ? [...test.flows, flow].slice(-MOST_FLOWS) : test.flows,
    dryMs: runs ? null : hasRun ? (test.dryMs ?? nowMs) : null,
  };
}

/** A counter that falls began anew: what it gained cannot be told. */
function counted(test: WetTest, litres: number | null): WetTest {
  if (litres === null) return test;
  if (test.litres === null) return { ...test, litres, litresBefore: litres };
  const rise = litres - test.litres;
  if (rise < 0) return { ...test, litres, litresBefore: litres, litresStep: null };
  return {
    ...test,
    litres,
    litresStep: rise > 0 ? Math.min(rise, test.litresStep ?? rise) : test.litresStep,
  };
}
