import type { JournalRecord, Reason, Settings, ZoneSettingsRecord } from '@nongtin/broker/wire';
import type { Zone as ZoneLayout } from '../farm/layout.ts';
import { reasonOf } from './reason.ts';

interface SettingsJournal {
  appendRecord(record: JournalRecord): Promise<number>;
  /** Newest first. */
  records(kind: 'zone_settings', limit: number): Promise<readonly ZoneSettingsRecord[]>;
}

/** Who wants a change, and until when it is worth anything. */
export interface SettingsAsker {
  readonly by: string;
  readonly commandId: string;
  /** Asked again when the change is on the disk: one that took too long is taken back. */
  readonly isStillWanted: () => boolean;
}

export type Changed =
  | { readonly changed: true; readonly before: Settings; readonly after: Settings }
  | { readonly changed: false; readonly reason: Reason };

/** How a zone is watered, and who wants it so where that is not the farm's own file. */
export interface SettingsView extends Settings {
  readonly changed: { readonly by: string; readonly atMs: number } | null;
}

/** Changes of years; of each zone only the newest counts. */
const MOST_RECORDS = 5_000;

/**
 * How zones are watered where that was changed without touching the farm's file. The file stays the farm's own word: its
 * `maxRunSeconds` is a ceiling that no change can lift, and whoever edits a zone's settings there has the last word, for a
 * change holds only as long as the file says what it said when the change was made. Each change is a record of the journal,
 * so a restart forgets nothing.
 */
export class ZoneSettings {
  readonly #journal: SettingsJournal;
  readonly #clock: { nowMs(): number };
  /** By zone. */
  readonly #newest = new Map<string, ZoneSettingsRecord>();
  /** The change under way: of two for one zone the second must see the first. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(journal: SettingsJournal, clock: { nowMs(): number }) {
    this.#journal = journal;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    for (const record of await this.#journal.records('zone_settings', MOST_RECORDS))
      if (!this.#newest.has(record.zone)) this.#newest.set(record.zone, record);
  }

  /** The change that holds for this zone, undefined when the farm's own file does. */
  changeOf(zone: ZoneLayout): ZoneSettingsRecord | undefined {
    const record = this.#newest.get(zone.id);
    return record && isSame(record.farm, settingsOf(zone)) && !isSame(record.after, record.farm)
      ? record
      : undefined;
  }

  /** The zone as it is watered. */
  apply<Zone extends ZoneLayout>(zone: Zone): Zone {
    const { after } = this.changeOf(zone) ?? {};
    return after === undefined ? zone : { ...zone, ...after };
  }

  view(zone: ZoneLayout): SettingsView {
    const change = this.changeOf(zone);
    const changed = change ? { by: change.changedBy, atMs: change.atMs } : null;
    return { ...settingsOf(this.apply(zone)), changed };
  }

  /** Resolves when the change is durable; from then on `apply` knows it. */
  change(zone: ZoneLayout, wish: Partial<Settings>, asker: SettingsAsker): Promise<Changed> {
    const changed = this.#changing.then(() => this.#change(zone, wish, asker));
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #change(zone: ZoneLayout, wish: Partial<Settings>, asker: SettingsAsker): Promise<Changed> {
    const before = settingsOf(this.apply(zone));
    const { maxRunSeconds = before.maxRunSeconds, runSeconds = before.runSeconds } = wish;
    const after = { ...before, ...wish };
    const reason = obstacleTo(after, wish, zone);
    if (reason) return { changed: false, reason };
    // A lower limit shortens the zone's own runs too.
    const limited = { ...after, runSeconds: Math.min(runSeconds, maxRunSeconds) };
    await this.#record(zone, before, limited, asker);
    if (asker.isStillWanted()) return { changed: true, before, after: limited };
    await this.#record(zone, limited, before, asker);
    return { changed: false, reason: reasonOf('command_expired') };
  }

  async #record(zone: ZoneLayout, before: Settings, after: Settings, asker: SettingsAsker): Promise<void> {
    const record: ZoneSettingsRecord = {
      ...{ kind: 'zone_settings', atMs: this.#clock.nowMs(), zone: zone.id, before, after },
      ...{ farm: settingsOf(zone), changedBy: asker.by, commandId: asker.commandId },
    };
    await this.#journal.appendRecord(record);
    this.#newest.set(zone.id, record);
  }
}

function settingsOf(zone: ZoneLayout): Settings {
  const { openBelowFraction, targetFraction, runSeconds, maxRunSeconds } = zone;
  return { openBelowFraction, targetFraction, runSeconds, maxRunSeconds };
}

function obstacleTo(after: Settings, wish: Partial<Settings>, farm: ZoneLayout): Reason | undefined {
  const { openBelowFraction: openBelow, targetFraction: target, runSeconds, maxRunSeconds } = after;
  if (target <= openBelow) return reasonOf('target_not_above', { openBelow, target });
  if (maxRunSeconds > farm.maxRunSeconds)
    return reasonOf('limit_above_farm', { maxRunSeconds: farm.maxRunSeconds });
  if (wish.runSeconds !== undefined && runSeconds > maxRunSeconds)
    return reasonOf('duration_above_limit', { durationSeconds: runSeconds, maxRunSeconds });
  return undefined;
}

function isSame(one: Settings, other: Settings): boolean {
  return (
    one.openBelowFraction === other.openBelowFraction &&
    one.targetFraction === other.targetFraction &&
    one.runSeconds === other.runSeconds &&
    one.maxRunSeconds === other.maxRunSeconds
  );
}
