import type { Accounts } from '@nongtin/accounts';
import type { CredentialStore, DurabilityHook, FarmBroker } from '@nongtin/broker';
import type { JournalRecord } from '@nongtin/broker/wire';
import type { SeriesStore } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import type { Registry } from 'prom-client';
import type { Alarms } from '../alarms/alarms.ts';
import type { MaintenanceBook } from '../alarms/maintenance.ts';
import type { ClockKeeper } from '../clock/index.ts';
import type { CropProtection } from '../crop-protection/ledger.ts';
import type { DeadLetters, SeriesDeliveryState } from '../delivery/index.ts';
import type { Diary } from '../diary/diary.ts';
import type { CloudLink } from '../enrolment/cloud-link.ts';
import type { LayoutKeeper } from '../farm/keeper.ts';
import type { FarmDoors } from '../farm-broker.ts';
import type { Fertigation } from '../fertigation/service.ts';
import type { Found } from '../found/found.ts';
import type { Health } from '../health/health.ts';
import type { Planning } from '../irrigation/planning/planning.ts';
import type { Irrigation } from '../irrigation/service.ts';
import type { EventHub } from '../live/hub.ts';
import type { Live } from '../live/live.ts';
import type { Mappings } from '../mapping/mapping.ts';
import type { Neighbours } from '../neighbours/neighbours.ts';
import type { NotificationOffice } from '../notifications/office.ts';
import type { PestWatch } from '../pest/service.ts';
import type { Profiles } from '../profiles/index.ts';
import type { Uplink } from '../uplink/uplink.ts';
import type { WetTests } from '../wet-test/ledger.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

interface GatewayIdentity {
  readonly id: string;
  /** Ed25519, 64 hex digits. */
  readonly publicKey: string;
  readonly softwareVersion: string;
  readonly demo: boolean;
  readonly speed: number;
}

/** What the API shows and asks; gateway.ts puts it together. */
export interface ApiParts {
  readonly identity: GatewayIdentity;
  readonly layout: Pick<LayoutKeeper, 'farm' | 'change'>;
  readonly found: Pick<Found, 'list' | 'dismiss' | 'forget'>;
  readonly wetTests: Pick<WetTests, 'of' | 'readOnly' | 'measured'>;
  readonly live: Pick<Live, 'devices' | 'latest' | 'forget'>;
  readonly hub: EventHub;
  readonly irrigation: Pick<Irrigation, 'zones' | 'settings' | 'request' | 'sources' | 'unlockSource'>;
  readonly planning: Pick<Planning, 'view' | 'holds' | 'forecast' | 'nowMs' | 'believeProbe'>;
  readonly alarms: Pick<Alarms, 'list' | 'find' | 'acknowledge' | 'reset' | 'shelve' | 'unshelve' | 'look'>;
  readonly maintenance: Pick<MaintenanceBook, 'list' | 'begin' | 'end'>;
  readonly diary: Pick<
    Diary,
    | 'recordHarvest'
    | 'accept'
    | 'giveWord'
    | 'revisionsAfter'
    | 'days'
    | 'attachment'
    | 'attachments'
    | 'nameOf'
  >;
  readonly cropProtection: Pick<
    CropProtection,
    | 'list'
    | 'sprays'
    | 'revisions'
    | 'plots'
    | 'preview'
    | 'accept'
    | 'check'
    | 'record'
    | 'correct'
    | 'withdraw'
  >;
  readonly pests: Pick<PestWatch, 'plots' | 'library' | 'traps' | 'notes'>;
  readonly fertigation: Pick<
    Fertigation,
    | 'views'
    | 'recipes'
    | 'doses'
    | 'nutrients'
    | 'stopDosing'
    | 'resume'
    | 'unlock'
    | 'filled'
    | 'calibrate'
    | 'endCalibration'
    | 'measured'
  >;
  readonly journal: {
    lastNumber(): number;
    fill(): { readonly bytes: number; readonly limitBytes: number; readonly thinnedEntries: number };
    health(): { readonly healthy: boolean; readonly cause?: string; readonly reason?: string };
    records<K extends 'run' | 'quarantine' | 'placement' | 'water_balance' | 'alarm' | 'notification'>(
      kind: K,
      limit: number,
    ): Promise<readonly RecordOf<K>[]>;
  };
  readonly store: Pick<SeriesStore, 'query' | 'seriesOf'>;
  readonly series: () => Pick<SeriesDeliveryState, 'store' | 'behindEntries' | 'lastOutcome'>;
  readonly deadLetters: Pick<DeadLetters, 'list' | 'counts' | 'retry'>;
  readonly uplink: Pick<Uplink, 'state'>;
  /** The gateway's place in a cooperative. */
  readonly cloud: Pick<CloudLink, 'enrolment' | 'enrol'>;
  /** What traps of the cooperative's other farms catch. */
  readonly neighbours: Pick<Neighbours, 'state'>;
  readonly broker: Pick<FarmBroker, 'stats' | 'disconnect'>;
  readonly doors: () => FarmDoors;
  /** The certificate that a phone has to trust to have the page over HTTPS, PEM; null: it needs none of ours. */
  readonly authority: () => string | null;
  readonly credentials: Pick<CredentialStore, 'issue' | 'revoke' | 'list' | 'verify'>;
  /** Makes a message durable that came another way than by MQTT. */
  readonly receive: DurabilityHook['receive'];
  readonly counters: () => Readonly<Record<string, number>>;
  readonly accounts: Accounts;
  readonly registry: Registry;
  readonly dashboardDir: string;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly health: Pick<Health, 'devices' | 'forget'>;
  /** Which model and firmware devices have. */
  readonly profiles: Pick<Profiles, 'about'>;
  readonly mappings: Pick<Mappings, 'unmapped' | 'list' | 'set' | 'remove'>;
  readonly keeper: Pick<ClockKeeper, 'state' | 'confirm' | 'release'>;
  /** Who is told of alarms. */
  readonly notifications: Pick<
    NotificationOffice,
    'view' | 'settings' | 'change' | 'mine' | 'test' | 'subscribe' | 'unsubscribe'
  >;
  readonly logger: Logger;
}
