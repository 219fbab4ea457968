import { canonicalJson, type JournalRecord, type Reason, type WetTestRecord } from '@nongtin/broker/wire';
import { valveDevice, type WateredZone } from '../farm/layout.ts';
import { withBucket } from './verdict.ts';

interface WetTestsOptions {
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    /** Newest first. */
    records(kind: 'wet_test', limit: number): Promise<readonly WetTestRecord[]>;
  };
  /** Whether simulated valves may be taken for tested. */
  readonly demo: boolean;
  /** Who speaks for a device, and the firmware it has told of. */
  readonly hardwareOf: (device: string) => string;
  readonly firmwareOf: (device: string) => string | undefined;
}

/** What the controller tells of a test that is over; how the valve is reached is added here. */
export type EndedTest = Omit<WetTestRecord, 'address' | 'firmware'>;

/** Years of tests of a large farm. */
const MOST_RECORDS = 10_000;

/**
 * Which valves have been tested with water. Each test is a record of the journal; the newest of a valve counts, for as long
 * as valve, meter and firmware are the ones it was made with.
 */
export class WetTests {
  readonly #options: WetTestsOptions;
  /** By address, the newest. */
  readonly #latest = new Map<string, WetTestRecord>();
  /** By zone, the newest first. */
  readonly #byZone = new Map<string, WetTestRecord[]>();

  constructor(options: WetTestsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const records = await this.#options.journal.records('wet_test', MOST_RECORDS);
    for (const record of [...records].reverse()) this.#take(record);
  }

  /** Why a zone's valve may not act; null when its cut-off has been measured. */
  readOnly(zone: WateredZone): Reason | null {
    const record = this.#latest.get(this.#addressOf(zone));
    const figures = { valve: valveDevice(zone.valve) };
    if (record === undefined) {
      const before = this.#byZone.get(zone.id)?.some(({ outcome }) => outcome === 'passed') === true;
      return { key: before ? 'wet_test_outdated' : 'wet_test_missing', figures };
    }
    if (record.outcome === 'assumed') return this.#options.demo ? null : { key: 'wet_test_missing', figures };
    if (record.outcome !== 'passed') return { key: 'wet_test_failed', figures };
    const firmware = this.#options.firmwareOf(valveDevice(zone.valve));
    const isSame = firmware === undefined || record.firmware === undefined || firmware === record.firmware;
    return isSame ? null : { key: 'wet_test_outdated', figures };
  }

  /** Tests made in a zone, the newest first. */
  of(zone: string): readonly WetTestRecord[] {
    return this.#byZone.get(zone) ?? [];
  }

  /** Takes the result of a test; resolves when it is durable. What it allows waits for that, what it forbids does not. */
  async add(zone: WateredZone, ended: EndedTest): Promise<void> {
    const firmware = this.#options.firmwareOf(valveDevice(zone.valve));
    await this.#keep({
      ...ended,
      address: this.#addressOf(zone),
      ...(firmware === undefined ? {} : { firmware }),
    });
  }

  /** A person has measured the water of the zone's last test. Undefined when there is none to compare it with. */
  async measured(zone: string, litres: number): Promise<WetTestRecord | undefined> {
    const [last] = this.of(zone);
    if (last === undefined || (last.outcome !== 'passed' && last.outcome !== 'failed')) return undefined;
    const next = withBucket(last, litres);
    await this.#keep(next);
    return next;
  }

  /** The demo's valves are simulated ones, nobody stands beside them: they are let through, and that is what is written. */
  async assumeTested(zones: readonly WateredZone[], atMs: number): Promise<void> {
    for (const zone of zones) {
      if (this.readOnly(zone)?.key !== 'wet_test_missing') continue;
      const unseen = {
        ...{ openedAfterSeconds: null, closedAfterSeconds: null, dryAfterSeconds: null },
        ...{ litres: null, flowLitresPerMinute: null, findings: [], leaseSeconds: 0, cutOffSeconds: 0 },
      };
      await this.add(zone, {
        ...{ kind: 'wet_test', testId: `assumed-${zone.id}`, atMs, endedAtMs: atMs, outcome: 'assumed' },
        ...{ zone: zone.id, valve: valveDevice(zone.valve), recordedBy: 'demo', ...unseen },
        nominalLitresPerMinute: zone.nominalFlowLitresPerMinute,
      });
    }
  }

  async #keep(record: WetTestRecord): Promise<void> {
    if (record.outcome !== 'passed') this.#take(record);
    await this.#options.journal.appendRecord(record);
    this.#take(record);
  }

  #take(record: WetTestRecord): void {
    const others = this.of(record.zone).filter(({ testId }) => testId !== record.testId);
    this.#byZone.set(record.zone, [record, ...others]);
    // A test that a restart cut off has shown nothing, but what stood before it stands.
    if (record.outcome === 'void' || record.outcome === 'stopped') return;
    this.#latest.set(record.address, record);
  }

  /** Valve and meter as they are reached, and the hardware behind the meter: another one may count in other units. */
  #addressOf({ valve }: WateredZone): string {
    if (typeof valve === 'string' || valve.flowMeter === null) return canonicalJson({ valve });
    return canonicalJson({ valve, meter: this.#options.hardwareOf(valve.flowMeter.device) });
  }
}
