import type { MetricName } from '@nongtin/broker/wire';
import { Overlay } from '../field/overlay.ts';
import { RainGauge } from './rain-gauge.ts';

/** What one sensor reports at a time, in the metrics' units. */
export type Measurement = Partial<Record<MetricName, number>>;

/** What faults have done to a device, beside what they did to the field. */
export class Conditions {
  /** Each changes what is measured, in the order in which the faults began; undefined: nothing is measured. */
  readonly distortions = new Overlay<(measured: Measurement, farmMs: number) => Measurement | undefined>();
  /** What a meter counts of what passes; asked at each reading. */
  readonly meter = new Overlay<() => number>();
  /** Of a weather station. */
  readonly rainGauge = new RainGauge();
  /** What its own clock shows instead of the time outside. */
  readonly clock = new Overlay<(wallMs: number) => number>();
  /** It does not close by itself. */
  readonly timerLost = new Overlay<true>();
  /** It says that it did as it was told, whatever really happened. */
  readonly lies = new Overlay<true>();

  measure(measured: Measurement, farmMs: number): Measurement | undefined {
    let result: Measurement | undefined = measured;
    for (const distort of this.distortions.values) result = result && distort(result, farmMs);
    return result;
  }

  timeMs(wallMs: number): number {
    return this.clock.value?.(wallMs) ?? wallMs;
  }

  /** Factor of the meter: 1 when it counts right. */
  meterFactor(): number {
    return this.meter.values.reduce((product, factor) => product * factor(), 1);
  }
}
