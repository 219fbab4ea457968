import { type AlarmRule, metrics, observedAtMs, type Reading } from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';
import { placesOf } from '../farm/places.ts';
import { isFitForControl } from '../ingest/quality.ts';
import type { Alarms } from './alarms.ts';
import type { Recall } from './recall.ts';
import type { AlarmCondition } from './rule-schema.ts';

interface RulesOptions {
  readonly alarms: Pick<Alarms, 'raise' | 'clear' | 'doubt' | 'list'>;
}

type Judged = AlarmRule['readings'][number];

/** `between`: within the dead band, where it stays what it was. */
type Verdict = 'on' | 'off' | 'between';

/** What a value is to a condition. */
export function verdictOf(
  { comparison, limit, deadBand = 0 }: Pick<AlarmCondition, 'comparison' | 'limit' | 'deadBand'>,
  value: number,
): Verdict {
  const beyond = comparison === 'above' ? value - limit : limit - value;
  if (beyond > 0) return 'on';
  return beyond <= -deadBand ? 'off' : 'between';
}

/** In how many series a condition is remembered to be fulfilled, but not for long enough yet. */
const MOST_BEGUN = 10_000;

/** What readings of earlier starts have said of a condition, without a pause, the newest last. */
interface Run {
  readonly rule: AlarmCondition;
  readonly condition: string;
  readonly verdict: Verdict;
  readonly sinceMs: number;
  readonly endMs: number;
  readonly first: Judged;
  readonly newest: Judged;
}

/**
 * Judges readings by the farm's own conditions. One that is not fit for control raises nothing and clears nothing, and a delay that runs
 * begins anew: nobody knows what has been in between.
 */
export class RuleWatch {
  readonly #options: RulesOptions;
  #byMetric: ReadonlyMap<string, readonly AlarmCondition[]> = new Map();
  #zones: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #plots: ReadonlyMap<string, string> = new Map();
  /** The first reading that fulfilled it, by source and condition. */
  readonly #begun = new Map<string, { readonly rule: AlarmCondition; readonly first: Judged }>();
  /** What was so before this start, and since when if the next reading says that it still is; monotonic ms. */
  readonly #resumed = new Map<string, { readonly verdict: Verdict; readonly sinceMs: number }>();

  constructor(options: RulesOptions) {
    this.#options = options;
  }

  /** The farm is laid out so from here on; alarms of conditions that are gone, or became others, are over. */
  follow(farm: Farm): void {
    const { alarms } = this.#options;
    const rules = farm.alarms ?? [];
    this.#byMetric = new Map(
      rules.map(({ metric }) => [metric, rules.filter((rule) => rule.metric === metric)]),
    );
    this.#plots = new Map(farm.plots.flatMap(({ id, zones }) => zones.map((zone) => [zone.id, id] as const)));
    const zones = new Map<string, Set<string>>();
    for (const { device, zone } of placesOf(farm))
      if (zone !== null) zones.set(device, (zones.get(device) ?? new Set()).add(zone));
    this.#zones = zones;
    for (const [id, { rule, first }] of this.#begun) {
      const known = rules.find((one) => one.id === rule.id);
      if (JSON.stringify(known) === JSON.stringify(rule) && this.#isAbout(rule, first.device)) continue;
      this.#begun.delete(id);
      alarms.doubt(first.device, conditionOf(rule, first.channel));
    }
    for (const { source, point, rule, state } of alarms.list()) {
      if (rule === undefined || point === undefined || state === 'cleared') continue;
      const known = rules.find(({ id }) => id === rule.id);
      const isSame = known?.metric === rule.metric && known.comparison === rule.comparison;
      if (!isSame || !this.#isAbout(known, source)) alarms.clear(source, point);
    }
  }

  /** The longest delay there is, ms; 0: no condition has one. */
  get longestDelayMs(): number {
    return Math.max(0, ...this.#delayed().map(delayOf)) * 1000;
  }

  /** What conditions with a delay are about. */
  get delayedMetrics(): ReadonlySet<string> {
    return new Set(this.#delayed().map(({ metric }) => metric));
  }

  /**
   * Delays that ran when the gateway stopped go on: what an earlier start has seen counts, and the pause once the next reading says that
   * it is still so. Before the first new reading.
   */
  resume({ readings, nowMs }: Recall, monotonicMs: number): void {
    const runs = new Map<string, Run>();
    for (const { reading, atMs, endMs } of readings)
      for (const rule of this.#rulesFor(reading).filter((one) => delayOf(one) > 0)) {
        const condition = conditionOf(rule, reading.channel);
        const id = `${reading.device} ${condition}`;
        const known = runs.get(id);
        const verdict = isFitForControl(reading.quality) ? verdictOf(rule, reading.value) : undefined;
        if (verdict === undefined) runs.delete(id);
        else if (verdict === 'between' || verdict === known?.verdict) {
          if (known)
            runs.set(id, { ...known, endMs, newest: verdict === 'between' ? known.newest : judged(reading) });
        } else
          runs.set(id, {
            rule,
            condition,
            verdict,
            sinceMs: atMs,
            endMs,
            first: judged(reading),
            newest: judged(reading),
          });
      }
    for (const [id, run] of runs) {
      const { rule, condition, verdict, first, newest } = run;
      const sinceMs = monotonicMs - (run.endMs - run.sinceMs);
      this.#resumed.set(id, { verdict, sinceMs: sinceMs - (nowMs - run.endMs) });
      if (verdict === 'on') this.#on(rule, condition, newest, first, sinceMs);
      else this.#off(rule, condition, newest.device, sinceMs);
    }
  }

  onReadings(readings: readonly Reading[]): void {
    if (this.#byMetric.size === 0) return;
    for (const reading of readings) for (const rule of this.#rulesFor(reading)) this.#judge(rule, reading);
  }

  #rulesFor(reading: Reading): AlarmCondition[] {
    const { metric, device, channel } = reading;
    const rules = this.#byMetric.get(metric);
    if (rules === undefined) return [];
    return rules.filter((rule) => (rule.channel ?? channel) === channel && this.#isAbout(rule, device));
  }

  #delayed(): AlarmCondition[] {
    return [...this.#byMetric.values()].flat().filter((rule) => delayOf(rule) > 0);
  }

  #judge(rule: AlarmCondition, reading: Reading): void {
    const { device, channel } = reading;
    const condition = conditionOf(rule, channel);
    const id = `${device} ${condition}`;
    const verdict = verdictOf(rule, reading.value);
    if (!isFitForControl(reading.quality)) {
      this.#begun.delete(id);
      this.#resumed.delete(id);
      this.#options.alarms.doubt(device, condition);
      return;
    }
    if (verdict === 'between') return;
    const resumed = this.#resumed.get(id);
    this.#resumed.delete(id);
    const sinceMs = resumed?.verdict === verdict ? resumed.sinceMs : undefined;
    if (verdict === 'off') this.#off(rule, condition, device, sinceMs);
    else this.#on(rule, condition, judged(reading), undefined, sinceMs);
  }

  #off(rule: AlarmCondition, condition: string, device: string, sinceMs: number | undefined): void {
    this.#begun.delete(`${device} ${condition}`);
    const delayMs = (rule.offDelaySeconds ?? 0) * 1000;
    this.#options.alarms.clear(device, condition, { delayMs, sinceMs });
  }

  #on(
    rule: AlarmCondition,
    condition: string,
    newest: Judged,
    begunWith: Judged | undefined,
    sinceMs: number | undefined,
  ): void {
    const id = `${newest.device} ${condition}`;
    const first = this.#begun.get(id)?.first ?? begunWith ?? newest;
    if (this.#begun.size < MOST_BEGUN) this.#begun.set(id, { rule, first });
    this.#raise(rule, condition, first, newest, sinceMs);
  }

  #raise(
    rule: AlarmCondition,
    condition: string,
    first: Judged,
    newest: Judged,
    sinceMs: number | undefined,
  ): void {
    const { metric, comparison, limit, deadBand = 0, onDelaySeconds = 0, offDelaySeconds = 0 } = rule;
    const { device, channel, value } = newest;
    const { unit } = metrics[metric as keyof typeof metrics];
    const figures = {
      ...{ rule: rule.id, text: rule.text ?? rule.id, metric, unit, value, limit, device },
      ...(channel === '' ? {} : { channel }),
    };
    this.#options.alarms.raise(
      device,
      rule.priority,
      { key: `condition_${comparison}`, figures },
      {
        condition,
        manner: { latching: rule.latching ?? false, mustAcknowledge: rule.priority !== 'low' },
        ...{ onDelayMs: onDelaySeconds * 1000, sinceMs },
        rule: {
          ...{ id: rule.id, metric, unit, comparison, limit, deadBand, onDelaySeconds, offDelaySeconds },
          readings: first === newest ? [newest] : [first, newest],
        },
      },
    );
  }

  #isAbout({ device, zone, plot }: AlarmCondition, source: string): boolean {
    if (device !== undefined) return device === source;
    const zones = this.#zones.get(source) ?? new Set<string>();
    if (zone !== undefined) return zones.has(zone);
    return [...zones].some((one) => this.#plots.get(one) === plot);
  }
}

/** Each channel of a device is judged by itself. */
function conditionOf({ id }: AlarmCondition, channel: string): string {
  return channel === '' ? id : `${id}/${channel}`;
}

function judged(reading: Reading): Judged {
  const { device, channel, value } = reading;
  return { device, channel, value, atMs: observedAtMs(reading) };
}

function delayOf({ onDelaySeconds = 0, offDelaySeconds = 0 }: AlarmCondition): number {
  return Math.max(onDelaySeconds, offDelaySeconds);
}
