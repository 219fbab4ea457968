import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { DurabilityHook } from '@nongtin/broker';
import type { Logger } from '@nongtin/service';
import type { Alarms } from './alarms/alarms.ts';
import { createFarmAlarms } from './alarms/farm-alarms.ts';
import type { MaintenanceBook } from './alarms/maintenance.ts';
import { CropProtection } from './crop-protection/ledger.ts';
import { hoursByClock } from './crop-protection/weather.ts';
import { Diary } from './diary/diary.ts';
import { LayoutKeeper } from './farm/keeper.ts';
import { type Farm, isWatered, zonesOf } from './farm/layout.ts';
import { hardwareOf, placedDevices } from './farm/places.ts';
import { SeriesNames } from './farm/series-names.ts';
import { Fertigation } from './fertigation/service.ts';
import { followLayout } from './followers.ts';
import type { Found } from './found/found.ts';
import { Health } from './health/health.ts';
import { createIngest, type Ingest, type SeriesMemory } from './ingest/index.ts';
import { farmCalendar } from './irrigation/clock.ts';
import type { Library } from './irrigation/crop-water/library.ts';
import { MeasuredZones } from './irrigation/measured.ts';
import { ForecastFeed } from './irrigation/planning/forecast-feed.ts';
import { Planning } from './irrigation/planning/planning.ts';
import { programmedZones } from './irrigation/planning/programmed.ts';
import { Uptime } from './irrigation/planning/uptime.ts';
import { wateringProblems } from './irrigation/planning/watering-problems.ts';
import { Irrigation } from './irrigation/service.ts';
import { systemTimers, type Timers } from './irrigation/timers.ts';
import { measuredView, zoneView } from './irrigation/view.ts';
import type { OpenJournal } from './journal/index.ts';
import { EventHub } from './live/hub.ts';
import { Live } from './live/live.ts';
import { Mappings } from './mapping/mapping.ts';
import { loadPests, type PestLibrary } from './pest/library.ts';
import type { NeighbourCatch } from './pest/neighbour-risk.ts';
import { PestWatch } from './pest/service.ts';
import { unknownPests } from './pest/trap-schema.ts';
import type { Profiles } from './profiles/index.ts';
import type { CommandChannel } from './remote/channel.ts';
import { RemoteCommands } from './remote/remote.ts';
import { WetTests } from './wet-test/ledger.ts';

/** The demo's time-lapse begins in the morning of Vietnam. */
const TIME_LAPSE_OFFSET_MS = 7 * 3_600_000;
const LOOK_FOR_SILENCE_MS = 60_000;
/** A harvest of the diary lies inside a pre-harvest interval, and no manager has let it be. */
const HARVEST_WAITS = 'diary_harvest_waits';
const LOOK_AT_ALARMS_MS = 5_000;
const LOOK_AT_PESTS_MS = 60_000;

interface CoreOptions {
  readonly farm: Farm;
  /** Where the layout is kept: farm.json. */
  readonly farmPath: string;
  /** Crops and soils, ours and the farm's own. */
  readonly library: Library;
  /** Pests, ours and the farm's own; default: ours. */
  readonly pestLibrary?: PestLibrary;
  /** Traps of the cooperative's other farms; absent: nobody tells of them. */
  readonly neighbours?: () => readonly NeighbourCatch[];
  /** Address or file of a weather forecast; absent: there is none. */
  readonly forecastSource?: string | undefined;
  /** Default: the process's own. */
  readonly timers?: Timers;
  /** How often the controller looks at the clock; default: four times a second. */
  readonly tickMs?: number;
  /** How often programs are asked; default: every five seconds. */
  readonly askEveryMs?: number;
  /** Its valves are simulated ones. */
  readonly demo: boolean;
  /** Started. */
  readonly journal: OpenJournal;
  readonly profiles: Profiles;
  readonly seriesMemory: SeriesMemory;
  /** Devices without a place; started. */
  readonly found: Found;
  readonly speed: number;
  /** Sends a command to a device, before it returns when the broker listens. */
  readonly publish: (topic: string, payload: string) => Promise<void>;
  readonly clock: { nowMs(): number; monotonicMs(): number; isTrusted(): boolean };
  readonly commands: CommandChannel;
  /** Whether the farm takes commands from afar. */
  readonly remoteCommands: boolean;
  readonly logger: Logger;
}

/** What happens with a message between the broker and the journal: control, live view, alarms, diary. */
export interface Core {
  readonly layout: LayoutKeeper;
  readonly wetTests: WetTests;
  readonly found: Found;
  readonly ingest: Ingest;
  readonly live: Live;
  readonly hub: EventHub;
  readonly irrigation: Irrigation;
  readonly fertigation: Fertigation;
  readonly planning: Planning;
  readonly remote: RemoteCommands;
  readonly alarms: Alarms;
  readonly maintenance: MaintenanceBook;
  readonly diary: Diary;
  readonly cropProtection: CropProtection;
  readonly pests: PestWatch;
  readonly mappings: Mappings;
  readonly health: Health;
  /** Fills the broker's place for whatever makes messages durable. */
  readonly hook: DurabilityHook;
  /** The same for messages that come another way than by MQTT. */
  readonly receive: DurabilityHook['receive'];
  /** Begins with closing every valve; then programs are asked. */
  startWatering(): Promise<void>;
  /** Closes what is open. */
  stopWatering(): Promise<void>;
  /** As when the plug is pulled. */
  cutOff(): void;
}

export function createCore(options: CoreOptions): Core {
  const { farm, farmPath, demo, journal, profiles, seriesMemory, found, speed, publish, clock, logger } =
    options;
  const layout = new LayoutKeeper({ farm, path: farmPath, journal, clock });
  const names = new SeriesNames(farm);
  const zones = zonesOf(farm);
  const idPrefix = journal.bootId.slice(0, 12);
  const hub = new EventHub(idPrefix);
  const live = new Live({ hub, devices: placedDevices(farm), clock });
  const known = {
    latest: (device: string, metric: string) => live.latest(device, metric),
    plan: (zone: string) => planning.view(zone),
  };
  const newId = randomUUID;
  const health = new Health({ clock });
  const onAlarm = (alarm: unknown) => hub.publish('alarm', alarm);
  const farmAlarms = createFarmAlarms({ farm, health, journal, clock, demo, newId, onAlarm, logger });
  const { alarms, maintenance, rules, silence } = farmAlarms;
  const wetTests = new WetTests({
    ...{ journal, demo },
    hardwareOf: (device) => hardwareOf(layout.farm, device),
    firmwareOf: (device) => profiles.about(device).firmware,
  });
  const measured = new MeasuredZones(zones, (zone) => hub.publish('zone', measuredView(zone, known)));
  const { library, pestLibrary = loadPests(), timers = systemTimers, tickMs } = options;
  const irrigation = new Irrigation({
    ...{ zones, sources: farm.sources ?? [], speed, journal, publish, alarms, wetTests, clock, idPrefix },
    ...{ logger, timers },
    ...(tickMs === undefined ? {} : { tickMs }),
    hasProgram: (zone) => programmedZones(layout.farm).has(zone),
    onStep: (state) => fertigation.onStep(state),
    onRun: (run) => {
      hub.publish('run', run);
      planning.onRun(run);
      fertigation.onRun(run);
      remote.onRun(run);
    },
    onZone: (zone) => {
      remote.onZone(zone);
      showZone(zone.id);
    },
  });
  const showZone = (id: string) => {
    const place = zonesOf(layout.farm).find((one) => one.id === id);
    const state = irrigation.zone(id);
    const settings = irrigation.settings(id);
    if (place === undefined) return;
    hub.publish(
      'zone',
      state && settings ? zoneView(state, place, settings, known) : measuredView(place, known),
    );
  };
  const remote = new RemoteCommands({
    ...{ journal, irrigation, clock, logger },
    zones: () =>
      zonesOf(layout.farm)
        .filter(isWatered)
        .map(({ id }) => id),
    isAllowed: options.remoteCommands,
    say: (outcome) => options.commands.say(outcome),
  });
  const calendarMs = farmCalendar(clock, speed, TIME_LAPSE_OFFSET_MS);
  const fertigation = new Fertigation({
    ...{ farm, library, speed, journal, publish, alarms, clock, calendarMs, idPrefix, timers, logger },
    ...(tickMs === undefined ? {} : { tickMs }),
    newId,
    onChanged: (head) => hub.publish('fertigation', { head }),
    onDose: (dose) => hub.publish('fertigation', { head: dose.head }),
  });
  const planning = new Planning({
    ...{ farm: () => layout.farm, library, journal, irrigation, alarms, calendarMs, clock },
    ...{ timers, logger, askEveryMs: options.askEveryMs, onChanged: showZone },
    ...openFeeds(options, timers, calendarMs),
  });
  const mappings = new Mappings({ journal, clock });
  let endSilence = () => {};
  let endAlarms = () => {};
  let endPests = () => {};
  const ingest = createIngest({
    ...{ journal, profiles, mappings, names, seriesMemory, clock, logger },
    onReadings: (readings, missing, family, deviceMs) => {
      live.onReadings(readings);
      health.onReadings(readings, missing, family, deviceMs);
      found.onReadings(readings, family);
      fertigation.onReadings(readings);
      irrigation.onReadings(readings);
      planning.onReadings(readings);
      measured.onReadings(readings);
      rules.onReadings(readings);
      pests.onReadings(readings);
    },
    onSilent: (device, missing, family) => {
      live.onStatus(device, true);
      health.onSilent(device, missing, family);
      found.onSpoken(device, family);
    },
    onStatus: (device, online) => {
      live.onStatus(device, online);
      health.onStatus(device, online);
      if (online) found.onSpoken(device, null);
      irrigation.onStatus(device, online);
      fertigation.onStatus(device, online);
    },
    onQuarantine: ({ device, topic, cause }) => {
      health.onUnreadable(device);
      logger.warn({ device, topic, cause }, 'unreadable message kept in quarantine');
    },
  });
  const hook: DurabilityHook = {
    receive: (message) => {
      // What a broker elsewhere has kept is no report of now.
      if (message.arrival === undefined) {
        fertigation.onMessage(message.topic, message.payload);
        irrigation.onMessage(message.topic, message.payload);
      }
      return ingest.receive(message);
    },
  };
  const receive: DurabilityHook['receive'] = (message) => hook.receive(message);
  const problems = (farm: Farm) => [
    ...wateringProblems(farm, {
      ...{ library, nowMs: calendarMs(), hasForecast: options.forecastSource !== undefined },
    }),
    ...unknownPests(farm, pestLibrary),
  ];
  followLayout(layout, {
    problems,
    irrigation,
    planning,
    measured,
    live,
    found,
    names,
    ingest,
    health,
    farmAlarms,
    pests: { changed: () => pests.changed() },
    fertigation,
  });
  const hours = (fromMs: number, toMs: number) => planning.weatherHours(fromMs, toMs);
  const weatherHours = hoursByClock({ nowMs: () => clock.nowMs(), calendarMs, speed, hours });
  const cropProtection = new CropProtection({
    ...{ journal, clock, alarms, newId, farm: () => layout.farm },
    weatherHours,
    onChanged: () => hub.publish('protection', {}),
  });
  const diary = new Diary({
    layout,
    journal,
    clock,
    newId,
    guard: cropProtection,
    traps: {
      tell: (entry, person) => pests.notes.told.tell(entry, person),
      warnings: (entry) => pests.notes.told.warnings(entry),
    },
    folder: join(dirname(farmPath), 'diary'),
    onBarred: (entryId, [bar]) => {
      const source = `diary/${entryId.slice(0, 8)}`;
      if (bar === undefined) return alarms.clear(source, HARVEST_WAITS);
      const { product = '?', sprayedDate = '?', earliestDate = '?' } = bar.figures;
      const figures = { product, sprayedDate, earliestDate };
      return alarms.raise(source, 'critical', { key: HARVEST_WAITS, figures });
    },
  });
  const pests: PestWatch = new PestWatch({
    ...{ journal, clock, alarms, newId, diary, logger, farm: () => layout.farm },
    ...{ library: pestLibrary, weatherHours, hasPast: speed === 1, calendar: { nowMs: calendarMs, hours } },
    sprays: (plot) => cropProtection.sprays(plot),
    neighbours: options.neighbours,
    onChanged: () => hub.publish('pests', {}),
  });
  return {
    layout,
    wetTests,
    found,
    ingest,
    live,
    hub,
    irrigation,
    fertigation,
    planning,
    remote,
    alarms,
    maintenance,
    diary,
    cropProtection,
    pests,
    mappings,
    health,
    hook,
    receive,
    startWatering: async () => {
      await fertigation.start();
      await irrigation.start();
      await planning.start();
      farmAlarms.follow(layout.farm);
      await farmAlarms.resume(journal);
      await pests.start();
      endPests = timers.every(LOOK_AT_PESTS_MS, () => pests.look());
      endSilence = timers.every(LOOK_FOR_SILENCE_MS, () => silence.look());
      endAlarms = timers.every(LOOK_AT_ALARMS_MS, () => alarms.look());
    },
    stopWatering: async () => {
      endSilence();
      endPests();
      planning.stop();
      await fertigation.stop();
      await irrigation.stop();
      endAlarms();
      alarms.flush();
    },
    cutOff: () => {
      endSilence();
      endPests();
      endAlarms();
      planning.cutOff();
      fertigation.cutOff();
      irrigation.cutOff();
    },
  };
}

/** What programs know of the world beside the farm's readings. */
function openFeeds(
  { farmPath, forecastSource: source, clock, logger }: CoreOptions,
  timers: Timers,
  nowMs: () => number,
) {
  const folder = dirname(farmPath);
  const uptime = new Uptime({
    ...{ path: join(folder, 'uptime.json'), clock, timers },
    onError: (error) => logger.warn({ err: error }, 'how long the gateway has run could not be read or kept'),
  });
  const keptPath = join(folder, 'forecast.json');
  const feed = { keptPath, nowMs, timers, logger };
  return { uptime, forecast: source === undefined ? undefined : new ForecastFeed({ source, ...feed }) };
}
