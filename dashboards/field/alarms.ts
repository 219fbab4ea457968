import { call } from '../ui/api.ts';
import { t } from '../ui/i18n.svelte.ts';
import type { Alarm, Maintenance } from './api.ts';

/** Beyond these minutes nobody forgets that it stands; the gateway holds to the same. */
const SHELVES = { critical: [30, 60, 240], high: [60, 240, 1_440], low: [240, 1_440, 10_080] } as const;

export function shelfMinutes({ severity }: Alarm): readonly number[] {
  return SHELVES[severity];
}

/** Whether people are told of it, and it is not over. */
export function isTold({ alarmState }: Alarm): boolean {
  return !isOver(alarmState) && !isConcealed(alarmState);
}

export function isConcealed(state: Alarm['alarmState']): boolean {
  return state === 'shelved' || state === 'suppressed' || state === 'out_of_service';
}

function isOver(state: Alarm['alarmState']): boolean {
  return state === undefined || state === 'normal';
}

/** Whether somebody has to acknowledge it. */
export function waits({ alarmState }: Alarm): boolean {
  return alarmState === 'unacknowledged' || alarmState === 'returned' || alarmState === 'latched';
}

const GATEWAY_PARTS = [
  ...['alarms', 'broker', 'clock', 'farm', 'journal', 'notifications', 'uplink', 'weather'],
];

/** What people call its source: by the farm's own names, or what part of the gateway it is. */
export function sourceName(names: Readonly<Record<string, string>>, source: string): string {
  return names[source] ?? (GATEWAY_PARTS.includes(source) ? t(`alarms.part.${source}`) : source);
}

/** Whether its source is something that people maintain, and no part of the gateway; a device may be called as one of these. */
export function isPlace({ source }: Alarm, devices: Readonly<Record<string, unknown>>): boolean {
  return source in devices || !GATEWAY_PARTS.includes(source);
}

export const ask = (alarm: Alarm, action: string, body: object = {}) =>
  call(`/api/alarms/${encodeURIComponent(alarm.alarmId)}/${action}`, body);

export const maintain = (subject: string, minutes: number, why: string) =>
  call<{ maintenance: Maintenance[] }>('/api/maintenance', { subject, minutes, why });

export const endMaintenance = (subject: string) =>
  call<{ maintenance: Maintenance[] }>('/api/maintenance/end', { subject });
