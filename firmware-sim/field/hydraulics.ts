/** Time in which an opening valve's flow comes within a third (1/e) of its full strength. */
const RAMP_SECONDS = 3;
const KPA_PER_METRE = 9.81;

/** Flow a time after opening: the pipe fills and the drippers come up to pressure. */
export function flowLitresPerMinute(fullLitresPerMinute: number, secondsOpen: number): number {
  return fullLitresPerMinute * (1 - Math.exp(-Math.max(0, secondsOpen) / RAMP_SECONDS));
}

/** Litres that pass between two times after opening: the integral of the flow, so that parts add up to the whole. */
export function litresBetween(fullLitresPerMinute: number, fromSeconds: number, toSeconds: number): number {
  const total = (seconds: number) =>
    (fullLitresPerMinute / 60) * (seconds - RAMP_SECONDS * (1 - Math.exp(-seconds / RAMP_SECONDS)));
  // A meter never runs backwards, not even by the rounding of a difference.
  return Math.max(0, total(Math.max(0, toSeconds)) - total(Math.max(0, fromSeconds)));
}

/** An opening that water leaves by: flow = litresPerMinute × (pressure / atKpa) ^ exponent. */
export interface Outlet {
  readonly litresPerMinute: number;
  readonly atKpa: number;
  readonly exponent: number;
}

export function outletFlow({ litresPerMinute, atKpa, exponent }: Outlet, pressureKpa: number): number {
  if (pressureKpa <= 0) return 0;
  // A pressure-compensating dripper holds its flow only while there is pressure to speak of.
  const share = pressureKpa / atKpa;
  return litresPerMinute * (exponent === 0 ? Math.min(1, share * 4) : share ** exponent);
}

export interface PumpCurve {
  readonly shutOffHeadMetres: number;
  readonly ratedHeadMetres: number;
  readonly ratedFlowLitresPerMinute: number;
}

/** Pressure that a pump gives at a flow: a parabola through its two points. */
export function pumpKpa(curve: PumpCurve, litresPerMinute: number): number {
  const share = litresPerMinute / curve.ratedFlowLitresPerMinute;
  const fall = curve.shutOffHeadMetres - curve.ratedHeadMetres;
  return KPA_PER_METRE * (curve.shutOffHeadMetres - fall * share * share);
}

export interface Supply {
  /** Pressure that is there at a flow, before the losses; must not rise with it. */
  kpaAt(litresPerMinute: number): number;
  readonly liftMetres: number;
  /** Loss of the filter: lossKpa × (flow / atLitresPerMinute)². */
  readonly filter: { readonly lossKpa: number; readonly atLitresPerMinute: number } | undefined;
}

const HALVINGS = 50;

/**
 * The pressure before the valves at which what the source gives is what the open outlets take: they share it. Found by
 * halving, since what is given falls and what is taken rises with pressure. kPa; 0 when nothing comes.
 */
export function operatingKpa(supply: Supply, outlets: readonly Outlet[]): number {
  const available = (flow: number) => {
    const { filter, liftMetres } = supply;
    const loss = filter ? filter.lossKpa * (flow / filter.atLitresPerMinute) ** 2 : 0;
    return Math.max(0, supply.kpaAt(flow) - KPA_PER_METRE * liftMetres - loss);
  };
  let [low, high] = [0, available(0)];
  if (high <= 0 || outlets.length === 0) return high;
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (low + high) / 2;
    const taken = outlets.reduce((sum, outlet) => sum + outletFlow(outlet, middle), 0);
    if (available(taken) > middle) low = middle;
    else high = middle;
  }
  return low;
}

/** What each quarter of a zone gets, as a share of the mean, least first, for a uniformity DU of the lowest; [1] when all get the same. */
export function quarterShares(uniformity: number): readonly number[] {
  if (uniformity >= 1) return [1];
  const spread = 1 - uniformity;
  return [1 - spread, 1 - spread / 3, 1 + spread / 3, 1 + spread];
}
