import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../irrigation/reason.ts';
import type { DoseBook } from './book.ts';
import type { FertigationOptions } from './options.ts';
import type { Head, Tank } from './schema.ts';
import { LEAST_RATIO, MOST_RATIO } from './stocktaking.ts';

const keys = ['dose_stock_too_little', 'dose_stock_too_much', 'dose_stock_pump_off'] as const;

/** Whether an alarm of a head is about what its tanks' levels have shown; the head itself neither raises nor clears these. */
export function isOfStock(key: string): boolean {
  return keys.some((one) => one === key);
}

/**
 * What a tank's level tells people to look at: a stocktake that nobody believes, or a pump that is further from its calibration than
 * doses follow; null: nothing.
 */
export function doubtOf(tank: Tank, book: DoseBook): Reason | null {
  const take = book.stocktake(tank.id);
  if (take === null) return null;
  const { doubt, drawnMillilitres: drawn, bookedMillilitres: booked } = take;
  const figures = { tank: tank.id, drawnLitres: inLitres(drawn), bookedLitres: inLitres(booked) };
  if (doubt === 'too_little_drawn') return reasonOf('dose_stock_too_little', figures);
  if (doubt === 'too_much_drawn') return reasonOf('dose_stock_too_much', figures);
  const measured = book.calibration(tank);
  const isOfPump = measured !== undefined && take.fromMs >= measured.atMs;
  const factor = take.rateFactor ?? 1;
  if (!isOfPump || (factor >= LEAST_RATIO && factor <= MOST_RATIO)) return null;
  return reasonOf('dose_stock_pump_off', { tank: tank.id, percent: Math.round(factor * 100) });
}

/** Tells people, tank by tank; and takes back what a later reading or calibration has answered. */
export function tellDoubt(
  head: Head,
  tank: Tank,
  book: DoseBook,
  alarms: FertigationOptions['alarms'],
): void {
  const reason = doubtOf(tank, book);
  for (const key of keys) {
    const condition = `${key}/${tank.id}`;
    if (reason?.key === key) alarms.raise(head.id, 'low', reason, { condition });
    else alarms.clear(head.id, condition);
  }
}

function inLitres(millilitres: number): number {
  return Math.round(millilitres / 100) / 10;
}
