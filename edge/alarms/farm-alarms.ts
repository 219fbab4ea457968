import type { AlarmRecord, MaintenanceRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Farm } from '../farm/layout.ts';
import type { Health } from '../health/health.ts';
import type { Journal } from '../journal/index.ts';
import { Alarms } from './alarms.ts';
import { causeTree, isCause } from './cause-tree.ts';
import type { LedgerOptions } from './ledger.ts';
import { MaintenanceBook } from './maintenance.ts';
import { recall } from './recall.ts';
import { RuleWatch } from './rules.ts';
import { SilenceWatch } from './silence.ts';

interface FarmAlarmsOptions {
  readonly farm: Farm;
  readonly health: Pick<Health, 'silentSinceMs' | 'pace'>;
  readonly journal: Omit<LedgerOptions['journal'], 'appendRecord'> & {
    appendRecord(record: AlarmRecord | MaintenanceRecord): Promise<number>;
    newest(kind: 'maintenance', field: 'subject'): Promise<readonly MaintenanceRecord[]>;
  };
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly demo: boolean;
  readonly newId: () => string;
  readonly onAlarm: (alarm: AlarmRecord) => void;
  readonly logger: Logger;
}

export interface FarmAlarms {
  readonly alarms: Alarms;
  readonly maintenance: MaintenanceBook;
  readonly rules: RuleWatch;
  readonly silence: SilenceWatch;
  /** The farm is laid out so from here on; first called when the alarms of earlier starts are known. */
  follow(farm: Farm): void;
  /** Delays that ran when the gateway stopped go on; after follow(), before the first new reading. Never rejects. */
  resume(journal: Pick<Journal, 'read' | 'lastNumber'>): Promise<void>;
}

/** The alarms of a farm as it is laid out: its causes, its maintenance, its own conditions, and who is silent. */
export function createFarmAlarms(options: FarmAlarmsOptions): FarmAlarms {
  const { journal, clock, newId, onAlarm, logger, health, demo } = options;
  let { farm } = options;
  let tree = causeTree(farm);
  const maintenance = new MaintenanceBook({ journal, clock, nodesOf: (source) => tree.nodesOf(source) });
  const alarms = new Alarms({
    ...{ journal, clock, newId, onAlarm, maintenance, logger },
    causes: { isCause, isBehind: (effect, cause) => tree.isBehind(effect, cause) },
  });
  const rules = new RuleWatch({ alarms });
  const silence = new SilenceWatch({
    ...{ farm: () => farm, tree: () => tree, health, alarms, clock, demo },
  });
  return {
    ...{ alarms, maintenance, rules, silence },
    follow(after) {
      farm = after;
      tree = causeTree(after);
      rules.follow(after);
    },
    async resume(journal) {
      if (rules.longestDelayMs === 0) return;
      try {
        const recalled = await recall(journal, rules.delayedMetrics, rules.longestDelayMs);
        rules.resume(recalled, clock.monotonicMs());
      } catch (error) {
        logger.warn({ err: error }, 'delays of alarms begin anew: earlier readings cannot be read');
      }
    },
  };
}
