import { climb } from './ladder.ts';
import { type LoadRunner, type StepResult, WINDOW } from './step.ts';

/** The highest rate that a side holds, and what a message costs there. Not finite: it held none. */
export interface Sustained {
  readonly messagesPerSecond: number;
  readonly cpuSecondsPer10k: number;
  readonly generatorCpuSecondsPer10k: number;
  /** Acknowledged and never stored, over every step, the overloaded one included. */
  readonly lost: number;
}

export interface SustainOptions {
  /** For the person who waits. */
  readonly name: string;
  readonly start: number;
  /** On each connection. */
  readonly window: number;
  readonly stepSeconds: number;
  readonly mostSteps: number;
  readonly say: (text: string) => void;
}

const FACTOR = 1.12;
const MOST_BEHIND_MS = 750;
const SETTLE_MS = 60_000;
const WARM_UP_SECONDS = 3;

/**
 * What a process does first it does slowly, so no figure begins there. Tells where a ladder may begin: at the rate
 * expected, or, on a machine that does not reach it, a little below what it has reached.
 */
export async function warmUp(runner: LoadRunner, expected: number, stepSeconds: number): Promise<number> {
  const seconds = Math.min(WARM_UP_SECONDS, stepSeconds);
  const shape = { messagesPerSecond: expected, seconds, window: WINDOW };
  const { storedInTime, storedPerSecond } = await runner.run(shape, SETTLE_MS);
  return storedInTime ? expected : Math.max(100, 0.8 * storedPerSecond);
}

/**
 * A rate holds when everything sent at it is acknowledged, never more than 750 ms after it was due, and stored 1.5 s
 * after the end.
 */
export async function sustain(runner: LoadRunner, options: SustainOptions): Promise<Sustained> {
  const { name, start, window, stepSeconds, mostSteps, say } = options;
  let lost = 0;
  const { rate, step } = await climb<StepResult>({ start, factor: FACTOR, mostSteps }, async (offered) => {
    const shape = { messagesPerSecond: offered, seconds: stepSeconds, window };
    const attempt = await runner.run(shape, SETTLE_MS);
    const { load, storedInTime, missing } = attempt;
    const holds = storedInTime && load.acknowledged === load.sent && load.maxMs <= MOST_BEHIND_MS;
    lost += Math.max(0, missing);
    say(`${name} ${offered}/s ${holds ? 'holds' : 'does not hold'}: ${described(attempt)}`);
    return { holds, step: attempt };
  });
  return {
    messagesPerSecond: rate,
    cpuSecondsPer10k: step?.cpuSecondsPer10k ?? Number.NaN,
    generatorCpuSecondsPer10k:
      ((step?.load.cpuSeconds ?? Number.NaN) * 10_000) / (step?.load.acknowledged ?? 1),
    lost,
  };
}

function described({ load, missing, storedInTime, cpuSecondsPer10k }: StepResult): string {
  const stored = storedInTime ? 'stored in time' : missing > 0 ? `${missing} lost` : 'stored late';
  return `${stored}, at most ${load.maxMs.toFixed(0)} ms behind, ${cpuSecondsPer10k.toFixed(3)} CPU s/10k`;
}
