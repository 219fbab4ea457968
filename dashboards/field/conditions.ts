/** A condition of the farm's own, as the gateway has it (docs/alarms.md). */
export interface Condition {
  readonly id: string;
  readonly metric: string;
  readonly device?: string;
  readonly zone?: string;
  readonly plot?: string;
  readonly channel?: string;
  readonly comparison: 'above' | 'below';
  readonly limit: number;
  readonly deadBand?: number;
  readonly onDelaySeconds?: number;
  readonly offDelaySeconds?: number;
  readonly priority: 'critical' | 'high' | 'low';
  readonly latching?: boolean;
  readonly text?: string;
}

export interface Metric {
  readonly name: string;
  readonly unit: string;
}

/** One that is being written. */
export interface Draft {
  /** Undefined: a new one. */
  readonly id: string | undefined;
  readonly channel: string | undefined;
  text: string;
  metric: string;
  /** 'device:ID', 'zone:ID' or 'plot:ID' */
  where: string;
  comparison: 'above' | 'below';
  limit: number | null;
  deadBand: number | null;
  onDelayMinutes: number | null;
  offDelayMinutes: number | null;
  priority: Condition['priority'];
  latching: boolean;
}

export function draftOf(known?: Condition): Draft {
  const kind = known?.device !== undefined ? 'device' : known?.zone !== undefined ? 'zone' : 'plot';
  const {
    id,
    channel,
    text,
    metric = '',
    comparison = 'below',
    limit = null,
    priority = 'high',
  } = known ?? {};
  return {
    ...{ id, channel, metric, comparison, limit, priority, text: text ?? id ?? '' },
    where: known === undefined ? '' : `${kind}:${known[kind] ?? ''}`,
    deadBand: known?.deadBand ?? null,
    onDelayMinutes: minutes(known?.onDelaySeconds),
    offDelayMinutes: minutes(known?.offDelaySeconds),
    latching: known?.latching ?? false,
  };
}

export function conditionOf(draft: Draft, id: string): Condition {
  const { channel, text, metric, where, comparison, limit, deadBand, priority, latching } = draft;
  const at = where.indexOf(':');
  return {
    ...{ id, metric, [where.slice(0, at)]: where.slice(at + 1), comparison, limit: limit ?? 0, priority },
    ...(channel === undefined ? {} : { channel }),
    ...(deadBand ? { deadBand } : {}),
    ...(draft.onDelayMinutes ? { onDelaySeconds: Math.round(draft.onDelayMinutes * 60) } : {}),
    ...(draft.offDelayMinutes ? { offDelaySeconds: Math.round(draft.offDelayMinutes * 60) } : {}),
    ...(latching ? { latching } : {}),
    text,
  };
}

/** Of its words, without marks: 'Đất khô' → 'dat-kho', or 'dat-kho-2' where there is one. */
export function conditionId(text: string, taken: readonly string[]): string {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();
  const base =
    plain
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 40) || 'alarm';
  for (let n = 1; ; n++) {
    const id = n === 1 ? base : `${base}-${n}`;
    if (!taken.includes(id)) return id;
  }
}

function minutes(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds / 60;
}
