import type { Victims } from './fault.ts';

/** The head and the tank that a dose pump draws from. */
export function headTankOf(
  { output }: Victims,
  target: string,
): { readonly head: string; readonly tank: string } {
  const { spec } = output(target);
  if (spec.kind !== 'dose_pump') throw new RangeError(`${target} is no dose pump`);
  return { head: spec.head, tank: spec.tank };
}
