import type { Logger } from '@nongtin/service';
import { loadOrCreateKey } from '../journal/key.ts';
import { noUplinkState } from '../uplink/none.ts';
import type { Uplink, UplinkState } from '../uplink/uplink.ts';
import type { ClaimInHand } from './enrol.ts';
import { type Membership, readMembership, uplinkOf, writeMembership } from './membership.ts';

type UplinkOptions = ConstructorParameters<typeof Uplink>[0];
type Farm = Parameters<Uplink['attach']>[0];

export interface CloudLinkOptions {
  /** The gateway's own. */
  readonly folder: string;
  readonly keyPath: string;
  /** Who it is without an enrolment; undefined: nobody, to no cloud. */
  readonly demo: { readonly gateway: string; readonly password: string } | undefined;
  /** Where the settings say that the uplink is. */
  readonly uplinkUrl: string | undefined;
  /** Who the settings say has signed its certificate, PEM. */
  readonly uplinkCa?: string | undefined;
  readonly journal: UplinkOptions['journal'];
  readonly timeFrom: (url: string) => (utcMs: number) => void;
  /** It has another name from now on. */
  readonly onEnrolled: () => Promise<unknown>;
  readonly commands?: UplinkOptions['commands'];
  /** What it has heard in one cooperative is not for another one, nor for who was put out of it. */
  readonly neighbours?: NonNullable<UplinkOptions['neighbours']> & { forget(): void };
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly logger: Logger;
}

interface Alarms {
  raise(source: string, severity: 'critical' | 'high', reason: { key: string; figures: Figures }): void;
  clear(source: string, key: string): void;
}
type Figures = Record<string, string | number>;

/** What the people around a gateway may know of its cloud. */
export interface CloudLinkState {
  readonly gateway: string | null;
  readonly cloud: string | null;
  readonly cooperative: string | null;
  readonly overTls: boolean;
  readonly certificateEndsAtMs: number | null;
  /** In the words of who revoked it; null: it is not. */
  readonly revoked: string | null;
}

const SOURCE = 'uplink';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A third of the two years that certificates are given for: many seasons' outages fit in. */
const RENEWED_AT_MS = 243 * DAY_MS;
const TOLD_AT_MS = 30 * DAY_MS;

/**
 * The gateway's place in a cooperative, and the uplink that follows from it: begun at the start when there is one, or when a
 * technician enrols the gateway, without a restart. Looks after the certificate and tells of a revocation.
 */
export class CloudLink {
  readonly #options: CloudLinkOptions;
  #membership: Membership | undefined;
  #uplink: Uplink | undefined;
  #farm: Farm | undefined;
  #alarms: Alarms | undefined;
  #revoked: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Enrolments and renewals, one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #stopped = false;

  /** Throws a StartProblem when its file is damaged. */
  constructor(options: CloudLinkOptions) {
    this.#options = options;
    this.#membership = readMembership(options.folder);
  }

  /** Who this gateway is to its cloud; undefined: it has none. */
  get gateway(): string | undefined {
    return (this.#membership ?? this.#options.demo)?.gateway;
  }

  async start(): Promise<void> {
    await this.#startUplink();
    this.#timer = setInterval(() => this.#look(), HOUR_MS).unref();
    this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#uplink?.stop();
  }

  /** Of the uplink. */
  state(): UplinkState {
    return this.#uplink?.state() ?? noUplinkState;
  }

  enrolment(): CloudLinkState {
    const { cloud = null, cooperative = null, tls } = this.#membership ?? {};
    return {
      gateway: this.gateway ?? null,
      ...{ cloud, cooperative, revoked: this.#revoked },
      overTls: this.#address()?.url.startsWith('mqtts:') ?? false,
      certificateEndsAtMs: tls?.endsAtMs ?? null,
    };
  }

  /** From now on; what is the case already is raised too. */
  watch(alarms: Alarms): void {
    this.#alarms = alarms;
    if (this.#revoked !== null) this.#raiseRevoked(this.#revoked);
    this.#tellOfCertificate();
  }

  /** What the uplink tells of the farm beside its journal. */
  attach(farm: Farm): void {
    this.#farm = farm;
    this.#uplink?.attach(farm);
  }

  /** Throws an EnrolmentProblem; then nothing has changed. */
  enrol(inHand: ClaimInHand): Promise<CloudLinkState> {
    return this.#inTurn(async () => {
      const { folder, keyPath, onEnrolled, clock, logger } = this.#options;
      // Needed once in a gateway's life, and then every year or so.
      const { enrol } = await import('./enrol.ts');
      const made = await enrol(inHand, loadOrCreateKey(keyPath), this.#membership, clock.nowMs());
      writeMembership(folder, made);
      this.#membership = made;
      logger.info({ gateway: made.gateway, cloud: made.cloud }, 'enrolled');
      this.#options.neighbours?.forget();
      onEnrolled().catch((error: unknown) => logger.error({ err: error }, 'not in the journal'));
      await this.#begin();
      return this.enrolment();
    });
  }

  #look(): void {
    this.#tellOfCertificate();
    if (!this.#isToRenew()) return;
    this.#inTurn(async () => {
      const { folder, keyPath, logger } = this.#options;
      if (this.#membership === undefined || !this.#isToRenew() || this.#stopped) return;
      const { renew } = await import('./enrol.ts');
      const made = await renew(this.#membership, loadOrCreateKey(keyPath));
      if (this.#stopped) return;
      writeMembership(folder, made);
      this.#membership = made;
      logger.info({ endsAtMs: made.tls?.endsAtMs }, 'the uplink’s certificate is renewed');
      await this.#begin();
    }).catch((error: unknown) =>
      this.#options.logger.warn({ err: error }, 'no new certificate for the uplink; tried again in an hour'),
    );
  }

  #isToRenew(): boolean {
    const { cloud, tls } = this.#membership ?? {};
    if (cloud === undefined || tls === undefined || this.#revoked !== null) return false;
    return tls.endsAtMs - this.#options.clock.nowMs() < RENEWED_AT_MS;
  }

  #tellOfCertificate(): void {
    const { tls } = this.#membership ?? {};
    const leftMs = (tls?.endsAtMs ?? Number.POSITIVE_INFINITY) - this.#options.clock.nowMs();
    if (leftMs > TOLD_AT_MS) this.#alarms?.clear(SOURCE, 'uplink_certificate_ends');
    else {
      const figures = { days: Math.max(0, Math.floor(leftMs / DAY_MS)) };
      this.#alarms?.raise(SOURCE, 'high', { key: 'uplink_certificate_ends', figures });
    }
  }

  /** The uplink anew, as the membership says now. */
  async #begin(): Promise<void> {
    await this.#uplink?.stop();
    this.#uplink = undefined;
    this.#revoked = null;
    this.#alarms?.clear(SOURCE, 'gateway_revoked');
    this.#tellOfCertificate();
    if (!this.#stopped) await this.#startUplink();
  }

  async #startUplink(): Promise<void> {
    const login = this.#membership ?? this.#options.demo;
    const address = this.#address();
    if (login === undefined || address === undefined) return;
    const { journal, timeFrom, commands, neighbours, clock, logger } = this.#options;
    // Only who has a cloud carries its client.
    const { Uplink } = await import('../uplink/uplink.ts');
    const uplink = new Uplink({
      ...{ ...address, gateway: login.gateway, password: login.password, journal, clock, logger },
      onTime: timeFrom(address.url),
      onRevoked: (reason) => this.#onRevoked(reason),
      ...(commands === undefined ? {} : { commands }),
      ...(neighbours === undefined ? {} : { neighbours }),
    });
    if (this.#farm !== undefined) uplink.attach(this.#farm);
    await uplink.start();
    this.#uplink = uplink;
  }

  #address() {
    const { demo, uplinkUrl: url, uplinkCa: ca } = this.#options;
    const login = this.#membership ?? demo;
    return login && uplinkOf(login, { url, ca });
  }

  #onRevoked(reason: string): void {
    if (reason === this.#revoked) return;
    this.#revoked = reason;
    this.#options.neighbours?.forget();
    this.#raiseRevoked(reason);
  }

  #raiseRevoked(reason: string): void {
    this.#alarms?.raise(SOURCE, 'critical', { key: 'gateway_revoked', figures: { reason } });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => {});
    return done;
  }
}
