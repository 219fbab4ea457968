import type { Reason } from '../ui/api.ts';

/** The gateway's JSON, as /api/openapi.json describes it. */
interface Value {
  value: number;
  atMs: number;
  quality: string[];
}

interface Settings {
  openBelowFraction: number;
  targetFraction: number;
  runSeconds: number;
  maxRunSeconds: number;
}

/** What waters a zone; times are of the farm's calendar. */
export interface ZoneProgram {
  id: string;
  name: string | null;
  kind: string;
  nextAtMs: number | null;
  notes: Reason[];
  pause: { by: string; untilMs: number | null } | null;
  stopAll: { by: string } | null;
}

/** A zone's root zone, mm. */
export interface ZoneWater {
  depletionMm: number;
  rawMm: number;
  tawMm: number;
  /** 0 at wilting point, 1 at field capacity. */
  availableWater: number;
  stage: string;
  kc: number;
  /** So far today. */
  et0Mm: number;
  isAssumed: boolean;
  disagreement: Reason | null;
  lastDay: {
    date: string;
    et0Mm: number;
    et0Method: string;
    et0Reasons: Reason[];
    etcMm: number;
    /** Null: no gauge spoke. */
    rainMm: number | null;
    measuredLitres: number;
    unprovenLitres: number;
    percolationMm: number;
    ks: number;
  } | null;
}

/** A pump, its master valve and its tank. */
export interface SourceNow {
  id: string;
  name: string;
  state: string;
  pumpOn: boolean | null;
  masterValveOpen: boolean | null;
  pressure: { kilopascals: number; atMs: number } | null;
  tank: { percent: number; atMs: number } | null;
  filter: {
    isFlushing: boolean;
    litres: number | null;
    difference: { kilopascals: number; atMs: number } | null;
  } | null;
  reason: Reason;
}

export interface ZoneLive {
  id: string;
  state: string;
  soilMoisture: Value | null;
  soilTemperature: Value | null;
  soilEc: Value | null;
  valve: {
    open: boolean | null;
    flowLitresPerMinute: number | null;
    totalLitres: number | null;
    atMs: number;
  } | null;
  run: { runId: string; startedAtMs: number; plannedSeconds: number; reason: Reason } | null;
  /** The wet test that is going on. */
  test: {
    testId: string;
    stage: string;
    forced: string | null;
    cutOffSeconds: number;
    openedAtMs: number | null;
    closedAtMs: number | null;
    litres: number | null;
  } | null;
  decision: Reason | null;
  locked: Reason | null;
  /** How it is watered now; `changed`: by whom, where that is not what the farm's own file says. */
  settings: (Settings & { changed: { by: string; atMs: number } | null }) | null;
  /** Null: its soil probe alone waters it, or nothing does. */
  program: ZoneProgram | null;
  /** Null: nobody has said what grows there, or nothing is known yet. */
  water: ZoneWater | null;
}

export interface DeviceReading extends Value {
  metric: string;
  channel: string;
  unit: string;
}

export interface DeviceLive {
  id: string;
  online: boolean | null;
  lastSeenAtMs: number | null;
  readings: DeviceReading[];
}

interface DeviceCounts {
  readings: number;
  flagged: number;
  missing: number;
  unreadable: number;
}

/** How a device is; null: it does not tell. */
export interface DeviceHealth {
  id: string;
  /** What people call it. */
  name: string | null;
  /** What it signs in with. */
  credential: string | null;
  /** Null: it stands behind a bridge. */
  role: string | null;
  family: string | null;
  model: string | null;
  firmware: string | null;
  online: boolean | null;
  lastSeenAtMs: number | null;
  expectedSeconds: number | null;
  overdue: boolean;
  /** Per cent. */
  battery: number | null;
  batteryLow: boolean;
  /** dBm. */
  rssi: number | null;
  /** dB. */
  snr: number | null;
  /** 0 to 255. */
  linkQuality: number | null;
  clockAheadSeconds: number | null;
  lastDay: DeviceCounts;
}

export interface Status {
  counters: Record<string, number>;
  /** Newest last. */
  refusals: { atMs: number; identity: string; cause: string; topic?: string }[];
  journal: { lastNumber: number; healthy: boolean; reason?: string };
  series: { store: string; behindEntries: number; lastOutcome: string };
  uplink: {
    connected: boolean;
    durableUpTo: number;
    behindEntries: number;
    lagging: boolean;
    oldestWaitingAtMs: number | null;
    entriesPerSecond: number | null;
    secondsLeft: number | null;
    lastRefusal: { number: number; kind: string; reason: string; atMs: number } | null;
  };
  /** The broker that devices speak to, when it is not the gateway's own. */
  externalBroker?: { url: string; connected: boolean; sinceMs: number; problem: string | null };
}

export interface Live extends Status {
  atMs: number;
  zones: ZoneLive[];
  devices: DeviceLive[];
}

export interface Zone {
  id: string;
  name: string;
  /** Null: it is only measured. */
  valve: string | null;
  soilProbe: string | null;
  nominalFlowLitresPerMinute: number | null;
  openBelowFraction: number;
  targetFraction: number;
  runSeconds: number;
}

interface Plot {
  id: string;
  name: string;
  crop: string;
  zones: Zone[];
}

export interface Farm {
  gateway: { id: string; demo: boolean; speed: number };
  site: string;
  plots: Plot[];
  devices: PlacedDevice[];
}

/** A device and one of its places. */
export interface PlacedDevice {
  id: string;
  name: string | null;
  role: string;
  zone: string | null;
  /** Who speaks for it, when it was replaced. */
  hardware: string;
}

export interface Run {
  runId: string;
  zone: string;
  startedAtMs: number;
  endedAtMs: number;
  plannedSeconds: number;
  /** Null: nobody saw it end. */
  actualSeconds: number | null;
  plannedLitres: number;
  measuredLitres: number | null;
  soilMoistureBefore: number | null;
  soilMoistureAfter: number | null;
  outcome: string;
  /** Absent: nothing has proven that water ran. */
  proof?: 'metered' | 'unmetered';
  reason: Reason;
}

export interface Alarm {
  alarmId: string;
  atMs: number;
  severity: 'critical' | 'high' | 'low';
  /** Of its condition alone. */
  state: 'active' | 'acknowledged' | 'cleared';
  /** By ISA-18.2; absent: it is over. */
  alarmState?:
    | 'normal'
    | 'unacknowledged'
    | 'acknowledged'
    | 'returned'
    | 'latched'
    | 'latched_acknowledged'
    | 'shelved'
    | 'suppressed'
    | 'out_of_service';
  source: string;
  reason: Reason;
  point?: string;
  raisedAtMs?: number;
  occurrences?: number;
  acknowledged?: { by: string; atMs: number; comment: string | null } | null;
  shelved?: { untilMs: number; by: string; why: string };
  maintained?: { untilMs: number | null; by: string; why: string };
  behind?: { count: number; sources: string[] };
  chattered?: number;
  rule?: {
    id: string;
    metric: string;
    unit: string;
    comparison: 'above' | 'below';
    limit: number;
    deadBand: number;
    onDelaySeconds: number;
    readings: { device: string; channel: string; value: number; atMs: number }[];
  };
}

/** What is not told for a while. */
export interface Maintenance {
  subject: string;
  sinceMs: number;
  untilMs: number | null;
  by: string;
  why: string;
}

export interface Quarantined {
  atMs: number;
  device: string;
  topic: string;
  cause: string;
  detail: string;
  sizeBytes: number;
}

/** This gateway's place in a cooperative. */
export interface EnrolmentState {
  gateway: string | null;
  cloud: string | null;
  cooperative: string | null;
  overTls: boolean;
  certificateEndsAtMs: number | null;
  revoked: string | null;
}
