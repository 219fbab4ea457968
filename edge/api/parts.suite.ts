import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Accounts, createAccounts, demoSecrets, type Role, sessionSecret } from '@nongtin/accounts';
import { type InboundMessage, openCredentials } from '@nongtin/broker';
import type { JournalRecord } from '@nongtin/broker/wire';
import type { SeriesPoint, SeriesQuery } from '@nongtin/series';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createFarmAlarms } from '../alarms/farm-alarms.ts';
import { CropProtection } from '../crop-protection/ledger.ts';
import { Diary } from '../diary/diary.ts';
import { demoFarm, simulatedZones } from '../farm/demo.ts';
import { LayoutKeeper } from '../farm/keeper.ts';
import { type Farm, zonesOf } from '../farm/layout.ts';
import { knownNames } from '../farm/places.ts';
import { SeriesNames } from '../farm/series-names.ts';
import { Fertigation } from '../fertigation/service.ts';
import { followLayout } from '../followers.ts';
import { Found } from '../found/found.ts';
import { Health } from '../health/health.ts';
import { loadLibrary } from '../irrigation/crop-water/library.ts';
import { MeasuredZones } from '../irrigation/measured.ts';
import { Planning } from '../irrigation/planning/planning.ts';
import { programmedZones } from '../irrigation/planning/programmed.ts';
import { Uptime } from '../irrigation/planning/uptime.ts';
import { wateringProblems } from '../irrigation/planning/watering-problems.ts';
import { Irrigation } from '../irrigation/service.ts';
import { EventHub } from '../live/hub.ts';
import { Live } from '../live/live.ts';
import { Mappings } from '../mapping/mapping.ts';
import { NotificationOffice } from '../notifications/office.ts';
import { loadPests } from '../pest/library.ts';
import { PestWatch } from '../pest/service.ts';
import { createProfiles, shortMemory } from '../profiles/index.ts';
import { noUplinkState } from '../uplink/none.ts';
import { WetTests } from '../wet-test/ledger.ts';
import { buildApp } from './app.ts';
import type { ApiParts } from './parts.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;
const logger = pino({ enabled: false });

/** A journal in memory with the parts of the real one that records need. */
class MemoryRecords {
  readonly all: JournalRecord[] = [];
  appendRecord = async (record: JournalRecord): Promise<number> => this.all.push(record);
  async records<K extends JournalRecord['kind']>(kind: K, limit: number): Promise<RecordOf<K>[]> {
    const found = this.all.filter((record): record is RecordOf<K> => record.kind === kind);
    return found.reverse().slice(0, limit);
  }
  lastNumber = () => this.all.length;
  async recordsAfter<K extends JournalRecord['kind']>(
    kind: K,
    after: number,
    limit: number,
    span = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
  ) {
    return this.all
      .map((record, index) => ({ number: index + 1, record }))
      .filter((one): one is { number: number; record: RecordOf<K> } => one.record.kind === kind)
      .filter(({ number, record }) => {
        const atMs = 'atMs' in record ? record.atMs : record.startedAtMs;
        return number > after && atMs >= span.fromMs && atMs < span.toMs;
      })
      .slice(0, limit);
  }
  async newest<K extends JournalRecord['kind']>(kind: K, field: keyof RecordOf<K>): Promise<RecordOf<K>[]> {
    const found = await this.records(kind, this.all.length);
    return found.filter((record, n) => found.findIndex((one) => one[field] === record[field]) === n);
  }
}

const notEnrolled = {
  ...{ gateway: null, cloud: null, cooperative: null, overTls: false, certificateEndsAtMs: null },
  revoked: null,
};

const letter = {
  ...{ id: 1, line: 'flow,device=d value=1 1', reason: '400 field type conflict' },
  ...{ atMs: 5, store: 'influxdb:farm', attempts: 1 },
};

/** The whole API over parts in memory, with the demo's users. */
export async function testApi(
  query: (query: SeriesQuery) => Promise<SeriesPoint[]> = async () => [],
  seriesOf: ApiParts['store']['seriesOf'] = async () => [],
  laidOut: (farm: Farm) => Farm = (farm) => farm,
) {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-api-'));
  const secrets = demoSecrets(folder);
  const database = new DatabaseSync(':memory:');
  const accounts = createAccounts({ database, secret: sessionSecret(join(folder, 'secret.json')), logger });
  await accounts.start();

  const farm = laidOut(demoFarm());
  const now = 1_800_000_000_000;
  const clock = { nowMs: () => now, monotonicMs: () => now - 1_800_000_000_000 };
  let ids = 0;
  const newId = () => `id-${++ids}`;
  const records = new MemoryRecords();
  const hub = new EventHub('boot');
  const live = new Live({ hub, devices: ['soil-a1', 'probe9'], clock });
  const health = new Health({ clock });
  const profiles = createProfiles(shortMemory());
  const farmAlarms = createFarmAlarms({
    ...{ farm, health, journal: records, clock, demo: true, newId, logger },
    onAlarm: (alarm) => hub.publish('alarm', alarm),
  });
  const { alarms, maintenance } = farmAlarms;
  const commands: { topic: string; command: unknown }[] = [];
  const layout = new LayoutKeeper({ farm, path: join(folder, 'farm.json'), journal: records, clock });
  const wetTests = new WetTests({
    ...{ journal: records, demo: true, hardwareOf: (device) => device, firmwareOf: () => undefined },
  });
  await wetTests.assumeTested(simulatedZones(farm), now);
  const found = new Found({
    ...{ path: join(folder, 'found.json'), clock, placed: knownNames(farm), isBridge: () => false },
    onError: () => {},
  });
  const irrigation = new Irrigation({
    wetTests,
    zones: zonesOf(farm),
    speed: 1,
    journal: records,
    publish: async (topic, payload) => void commands.push({ topic, command: JSON.parse(payload) }),
    alarms,
    clock,
    idPrefix: 'boot',
    hasProgram: (zone) => programmedZones(layout.farm).has(zone),
    onZone: () => {},
    onRun: () => {},
    logger,
  });
  await irrigation.start();
  const library = loadLibrary();
  const shown: string[] = [];
  const asks: (() => void)[] = [];
  const every = (_: number, ask: () => void) => {
    asks.push(ask);
    return () => {};
  };
  const timers = { after: () => () => {}, every };
  const calendar = { ms: now };
  const planning = new Planning({
    ...{
      farm: () => layout.farm,
      library,
      journal: records,
      irrigation,
      alarms,
      forecast: undefined,
      logger,
    },
    uptime: new Uptime({ path: join(folder, 'uptime.json'), clock, timers, onError: () => {} }),
    ...{ calendarMs: () => calendar.ms, timers, onChanged: (zone) => shown.push(zone) },
    clock: { ...clock, isTrusted: () => true },
  });
  await planning.start();
  const problems = (farm: Farm) =>
    wateringProblems(farm, { library, nowMs: calendar.ms, hasForecast: false });
  const fertigation = new Fertigation({
    ...{ farm, library, speed: 1, journal: records, alarms, clock, calendarMs: () => calendar.ms },
    publish: async (topic, payload) => void commands.push({ topic, command: payload }),
    ...{ idPrefix: 'boot', newId, timers, onChanged: () => {}, onDose: () => {}, logger },
  });
  await fertigation.start();
  followLayout(layout, {
    fertigation,
    ...{ problems, irrigation, planning, live, found, health, names: new SeriesNames(farm) },
    ...{ measured: new MeasuredZones(zonesOf(farm), () => {}), ingest: { replaced: () => {} }, farmAlarms },
    pests: { changed: () => pests.changed() },
  });
  const clockState = {
    trusted: true,
    source: null,
    bootId: 'b0'.repeat(16),
    machineAheadMs: 0,
    told: null,
    undated: [],
  };
  const cropProtection = new CropProtection({
    ...{ journal: records, farm: () => layout.farm, alarms, newId, onChanged: () => {} },
    ...{ clock: { ...clock, isTrusted: () => true }, weatherHours: () => [] },
  });
  const disconnected: string[] = [];
  const received: InboundMessage[] = [];
  const notifications = new NotificationOffice({
    ...{ folder, messagesFolder: folder, farm: () => farm, journal: records, timers, logger },
    ...{ clock: { ...clock, isTrusted: () => true }, feed: alarms, alarms, nameOf: () => undefined },
    secrets: { values: {}, problems: [] },
  });
  const diary = new Diary({
    layout,
    journal: records,
    clock: { ...clock, isTrusted: () => true },
    newId,
    guard: cropProtection,
    traps: {
      tell: (entry, person) => pests.notes.told.tell(entry, person),
      warnings: (entry) => pests.notes.told.warnings(entry),
    },
    folder: join(folder, 'diary'),
  });
  const pests: PestWatch = new PestWatch({
    ...{
      journal: records,
      clock: { ...clock, isTrusted: () => true },
      alarms,
      newId: randomUUID,
      diary,
      logger,
    },
    ...{ farm: () => layout.farm, library: loadPests(), weatherHours: () => [], hasPast: true },
    ...{ sprays: (plot) => cropProtection.sprays(plot), onChanged: () => {} },
  });
  const parts: ApiParts = {
    notifications,
    pests,
    identity: { id: 'gw-test', publicKey: 'ab'.repeat(32), softwareVersion: '0.1.0', demo: true, speed: 60 },
    layout,
    wetTests,
    found,
    live,
    hub,
    irrigation,
    planning,
    alarms,
    maintenance,
    diary,
    cropProtection,
    fertigation,
    journal: {
      lastNumber: () => records.all.length,
      fill: () => ({ bytes: 4_096, limitBytes: 1_048_576, thinnedEntries: 0 }),
      health: () => ({ healthy: true }),
      records: (kind, limit) => records.records(kind, limit),
    },
    store: { query, seriesOf },
    series: () => ({ store: 'sqlite', behindEntries: 0, lastOutcome: 'accepted' }),
    deadLetters: {
      list: (limit) => [{ ...letter, id: 2 }, letter].slice(0, limit),
      counts: () => ({ kept: 2, dropped: 7 }),
      retry: async (ids) => ({ taken: ids?.length ?? 2, refused: 0, waiting: 0 }),
    },
    uplink: { state: () => ({ ...noUplinkState, behindEntries: 3 }) },
    cloud: { enrolment: () => notEnrolled, enrol: async () => notEnrolled },
    neighbours: { state: () => ({ atMs: null, withinKm: null, leftOut: 0, catches: [] }) },
    broker: {
      stats: () => ({
        connected: 2,
        publishReceived: { 0: 1, 1: 2, 2: 3 },
        waitingForHook: 0,
        lasting: { sessions: 0, away: 0, waiting: 0, dropped: 0 },
        retained: 0,
        refused: { wrong_password: 4 } as ReturnType<ApiParts['broker']['stats']>['refused'],
        lastRefusals: [{ atMs: 1, cause: 'wrong_password', identity: 'soil-a1', topic: '' }],
      }),
      disconnect: (id) => void disconnected.push(id),
    },
    authority: () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    doors: () => ({
      ...{ host: null, ownHosts: ['192.168.1.5'], mqttPort: 1883, tlsPort: 8883, webSocketPort: null },
      ...{ authority: 'PEM', validToMs: 1, tasmotaFingerprint: 'AA BB' },
    }),
    credentials: openCredentials({ path: join(folder, 'credentials.json') }),
    receive: async (message) => void received.push(message),
    counters: () => ({ readings: 7, quarantined: 1 }),
    accounts,
    registry: new Registry(),
    dashboardDir: join(folder, 'dashboard'),
    clock,
    health,
    profiles,
    mappings: new Mappings({ journal: records, clock }),
    keeper: { state: () => clockState, confirm: async () => {}, release: async () => {} },
    logger,
  };
  await notifications.start();
  await pests.start();
  const app = await buildApp(parts);
  const people = new Map<Role, ReturnType<typeof signedIn>>();
  return {
    app,
    parts,
    records,
    live,
    health,
    alarms,
    irrigation,
    fertigation,
    planning,
    /** Zones of which people are told again, because of their program or soil. */
    shown,
    /** The farm's calendar. */
    calendar,
    /** As when some time has passed: programs are asked, days closed, and people told what has changed. */
    askPrograms: () => {
      for (const ask of asks) ask();
    },
    commands,
    disconnected,
    received,
    /** Requests in the name of a user of this role, who is made on first use: hashing passwords takes its time. */
    as(role: Role) {
      const person =
        people.get(role) ?? signedIn(app, accounts, { ...secrets.users[role], name: 'Sáu', role });
      people.set(role, person);
      return person;
    },
    async close() {
      await app.close();
      await notifications.stop();
      planning.stop();
      await irrigation.stop();
      live.flush();
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function signedIn(
  app: FastifyInstance,
  accounts: Accounts,
  user: Parameters<Accounts['createUser']>[0],
) {
  await accounts.createUser(user);
  const { email, password } = user;
  const answer = await app.inject({
    method: 'POST',
    url: '/api/auth/sign-in/email',
    payload: { email, password },
  });
  const headers = { authorization: `Bearer ${String(answer.headers['set-auth-token'])}` };
  return {
    headers,
    get: (url: string) => app.inject({ method: 'GET', url, headers }),
    post: (url: string, payload?: object) =>
      app.inject({ method: 'POST', url, headers, ...(payload ? { payload } : {}) }),
    put: (url: string, payload: object) => app.inject({ method: 'PUT', url, headers, payload }),
    delete: (url: string) => app.inject({ method: 'DELETE', url, headers }),
  };
}
