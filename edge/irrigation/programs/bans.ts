import type { Reason } from '@nongtin/broker/wire';
import { dateText, dayOfText, localDay, minutesOfText, momentOf, timeText } from './calendar.ts';
import type { Conditions, Site } from './conditions.ts';
import { isHoliday } from './holidays.ts';
import type { Program } from './program.ts';
import { programReason } from './reasons.ts';

interface Ban {
  readonly reason: Reason;
  readonly nextAtMs: number | null;
}

/** What forbids every watering by a program, whatever the soil says; the most important one. */
export function banOn(program: Program, conditions: Conditions): Ban | null {
  const { zone, stopAll, clock, nowMs, site } = conditions;
  const ban = (reason: Reason, nextAtMs: number | null = null): Ban => ({ reason, nextAtMs });
  if (!zone.isMetered && program.allowUnproven !== true) return ban(programReason('no_flow_meter', {}));
  if (stopAll) return ban(programReason('program_stop_all', { by: stopAll.by }));
  const paused = pauseOn(program, conditions);
  if (paused) return paused;
  if (!clock.isTrusted && asksTheCalendar(program, conditions))
    return ban(programReason('program_clock_untrusted', {}));
  const today = localDay(site.timeZone, nowMs);
  if (clock.isTrusted && isHoliday(today, program.holidays ?? []))
    return ban(
      programReason('program_holiday', { date: dateText(today) }),
      momentOf(site.timeZone, today + 1, 0),
    );
  return null;
}

/** Whether it cannot go on without knowing what time it is. */
function asksTheCalendar(program: Program, { turn }: Pick<Conditions, 'turn'>): boolean {
  const { kind = 'depletion', windows, holidays = [] } = program;
  const isScheduled = kind === 'clock' || kind === 'volume';
  return isScheduled || windows !== undefined || holidays.length > 0 || turn !== null;
}

/** The file's own pause, or a person's; the longer one counts. */
function pauseOn({ pausedUntil }: Program, { pause, nowMs, site }: Conditions): Ban | null {
  const ownMs = (pausedUntil === undefined ? null : momentOfText(pausedUntil, site)) ?? nowMs;
  if (pause && pause.untilMs > nowMs && pause.untilMs >= ownMs) {
    const { by, untilMs } = pause;
    return {
      reason: programReason('program_paused_by', { by, ...whenOf(untilMs, site) }),
      nextAtMs: untilMs,
    };
  }
  return ownMs > nowMs
    ? { reason: programReason('program_paused', whenOf(ownMs, site)), nextAtMs: ownMs }
    : null;
}

/** '2026-12-01T06:00' at the site; null for anything else. */
export function momentOfText(text: string, { timeZone }: Pick<Site, 'timeZone'>): number | null {
  const [date = '', time = '', rest] = text.split('T');
  const [day, minutes] = [dayOfText(date), minutesOfText(time)];
  return day === null || minutes === null || rest !== undefined ? null : momentOf(timeZone, day, minutes);
}

/** A moment as its local date and time. */
export function whenOf(atMs: number, { timeZone }: Site): { nextDate: string; nextTime: string } {
  return { nextDate: dateText(localDay(timeZone, atMs)), nextTime: timeText(timeZone, atMs) };
}
