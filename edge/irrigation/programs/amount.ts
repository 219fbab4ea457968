import type { ZoneFacts } from './conditions.ts';
import type { Cycles } from './program.ts';

/** What a decision comes to. With litres it is measured by them, without by seconds. */
export interface Amount {
  readonly seconds: number;
  readonly litres: number | null;
}

/** How a decision's water is cut into parts. */
export interface Cutting {
  /** The longest part. */
  readonly maxSeconds: number;
  readonly soakSeconds: number;
}

/** Litres are only promised where a meter counts them. */
export function amountOfLitres(litres: number, zone: ZoneFacts): Amount {
  const seconds = Math.ceil(secondsOf(litres, zone));
  return { seconds, litres: zone.isMetered ? litres : null };
}

export function litresOf(seconds: number, zone: ZoneFacts): number {
  return (seconds / 60) * zone.nominalFlowLitresPerMinute;
}

export function secondsOf(litres: number, zone: ZoneFacts): number {
  return (litres / zone.nominalFlowLitresPerMinute) * 60;
}

/**
 * A part is as long as was stated; else until what the soil does not take in as fast as it comes stands as high as it
 * may: surface storage / (application rate − infiltration rate). The soak is what that water then needs to get in.
 */
export function cuttingOf(cycles: Cycles | undefined, zone: ZoneFacts): Cutting {
  const derived = derivedCutting(cycles, zone);
  const maxSeconds = Math.min(cycles?.maxSeconds ?? derived?.maxSeconds ?? Infinity, zone.maxRunSeconds);
  return {
    maxSeconds: Math.max(1, Math.floor(maxSeconds)),
    soakSeconds: cycles?.minSoakSeconds ?? derived?.soakSeconds ?? 0,
  };
}

function derivedCutting(cycles: Cycles | undefined, zone: ZoneFacts): Cutting | null {
  const { infiltrationMmPerHour: infiltration, surfaceStorageMm: storageMm } = cycles ?? {};
  if (infiltration === undefined || storageMm === undefined || zone.areaSquareMetres === null) return null;
  const applicationMmPerHour = (zone.nominalFlowLitresPerMinute * 60) / zone.areaSquareMetres;
  if (applicationMmPerHour <= infiltration) return { maxSeconds: Infinity, soakSeconds: 0 };
  return {
    maxSeconds: (storageMm / (applicationMmPerHour - infiltration)) * 3600,
    soakSeconds: Math.ceil((storageMm / infiltration) * 3600),
  };
}

export function partsOf(seconds: number, { maxSeconds }: Cutting): number {
  return Math.max(1, Math.ceil(seconds / maxSeconds));
}

/** From its first opening to its last closing, soaks included. */
export function durationSeconds(seconds: number, cutting: Cutting): number {
  return seconds + (partsOf(seconds, cutting) - 1) * cutting.soakSeconds;
}
