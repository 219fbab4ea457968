import { randomUUID } from 'node:crypto';
import type { DurabilityHook } from '@nongtin/broker';
import type { Logger } from '@nongtin/service';
import { Alarms } from './alarms/alarms.ts';
import { Diary } from './diary/diary.ts';
import { devicesOf, type Farm, zonesOf } from './farm/layout.ts';
import { Health } from './health/health.ts';
import { createIngest, type Ingest, type SeriesMemory } from './ingest/index.ts';
import { Irrigation } from './irrigation/service.ts';
import { zoneView } from './irrigation/view.ts';
import type { OpenJournal } from './journal/index.ts';
import { EventHub } from './live/hub.ts';
import { Live } from './live/live.ts';
import { Mappings } from './mapping/mapping.ts';
import type { Profiles } from './profiles/index.ts';

interface CoreOptions {
  readonly farm: Farm;
  /** Started. */
  readonly journal: OpenJournal;
  readonly profiles: Profiles;
  readonly seriesMemory: SeriesMemory;
  readonly speed: number;
  /** Sends a command to a device, before it returns when the broker listens. */
  readonly publish: (topic: string, payload: string) => Promise<void>;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly logger: Logger;
}

/** What happens with a message between the broker and the journal: control, live view, alarms, diary. */
export interface Core {
  readonly ingest: Ingest;
  readonly live: Live;
  readonly hub: EventHub;
  readonly irrigation: Irrigation;
  readonly alarms: Alarms;
  readonly diary: Diary;
  readonly mappings: Mappings;
  readonly health: Health;
  /** Fills the broker's place for whatever makes messages durable. */
  readonly hook: DurabilityHook;
  /** The same for messages that come another way than by MQTT. */
  readonly receive: DurabilityHook['receive'];
}

export function createCore(options: CoreOptions): Core {
  const { farm, journal, profiles, seriesMemory, speed, publish, clock, logger } = options;
  const zones = zonesOf(farm);
  const layouts = new Map(zones.map((zone) => [zone.id, zone]));
  const idPrefix = journal.bootId.slice(0, 12);
  const hub = new EventHub(idPrefix);
  const devices = [...zones.flatMap(devicesOf), ...farm.farmDevices];
  const live = new Live({ hub, devices, clock });
  const newId = randomUUID;
  const onAlarm = (alarm: unknown) => hub.publish('alarm', alarm);
  const alarms = new Alarms({ journal, clock, newId, onAlarm, logger });
  const irrigation = new Irrigation({
    ...{ zones, speed, journal, publish, alarms, clock, idPrefix, logger },
    onRun: (run) => hub.publish('run', run),
    onZone: (zone) => {
      const layout = layouts.get(zone.id);
      if (layout)
        hub.publish(
          'zone',
          zoneView(zone, layout, (device, metric) => live.latest(device, metric)),
        );
    },
  });
  const mappings = new Mappings({ journal, clock });
  const health = new Health({ clock });
  const ingest = createIngest({
    ...{ journal, profiles, mappings, seriesMemory, clock, logger },
    onReadings: (readings, missing, family, deviceMs) => {
      live.onReadings(readings);
      health.onReadings(readings, missing, family, deviceMs);
      irrigation.onReadings(readings);
    },
    onSilent: (device, missing, family) => {
      live.onStatus(device, true);
      health.onSilent(device, missing, family);
    },
    onStatus: (device, online) => {
      live.onStatus(device, online);
      health.onStatus(device, online);
      irrigation.onStatus(device, online);
    },
    onQuarantine: ({ device, topic, cause }) => {
      health.onUnreadable(device);
      logger.warn({ device, topic, cause }, 'unreadable message kept in quarantine');
    },
  });
  const hook: DurabilityHook = {
    receive: (message) => {
      // What a broker elsewhere has kept is no report of now.
      if (message.arrival === undefined) irrigation.onMessage(message.topic, message.payload);
      return ingest.receive(message);
    },
  };
  const receive: DurabilityHook['receive'] = (message) => hook.receive(message);
  const diary = new Diary({ farm, journal, clock, newId });
  return { ingest, live, hub, irrigation, alarms, diary, mappings, health, hook, receive };
}
