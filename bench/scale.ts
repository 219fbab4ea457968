import { type Benchmark, type Figure, figureOf } from './result.ts';
import { archiveCost } from './scale/archive.ts';
import { buyersCost } from './scale/buyers.ts';
import { cloudCost } from './scale/cloud.ts';
import { databasesCost } from './scale/databases.ts';
import { farmFor } from './scale/farm.ts';
import { influxdVersion } from './sides/programs.ts';
import { requireSite } from './sides/site.ts';

/**
 * The coefficients of docs/scale.md: what a reading, an entry, a message, a connection, a series and a buyer cost. One run
 * of each; what they cost in all is arithmetic and stands there.
 */
export const scale: Benchmark = {
  name: 'scale',
  async run({ quick, say }) {
    requireSite();
    const influxd = await influxdVersion();
    if (influxd === undefined) throw new Error('This benchmark needs influxd (apt-get install influxdb).');
    const size = quick ? QUICK : FULL;
    const farm = await farmFor(size.minutes, say);
    const entriesPerMessage = Math.max(1, Math.round(farm.entries / farm.messages));
    const cloud = await cloudCost({ ...size.cloud, entriesPerMessage }, say);
    const archive = await archiveCost({ minutes: size.archiveMinutes, entriesPerMessage }, say);
    const databases = await databasesCost(size.databases, say);
    const buyers = await buyersCost(size.scans, say);
    const days = (1_440 * 31) / size.minutes;
    const per10k = (seconds: number) => (seconds * 10_000) / cloud.readings;
    const values: Record<string, readonly [number, string]> = {
      farmEntriesPerReading: [farm.entries / farm.readings, '1'],
      farmMessagesPerMinute: [farm.messages / size.minutes, '1/min'],
      farmLiveMessagesPerMinute: [farm.liveMessages / size.minutes, '1/min'],
      farmPayloadBytesPerReading: [farm.payloadBytes / farm.readings, 'B'],
      farmWireBytesPerReading: [farm.wireBytes / farm.readings, 'B'],
      farmMegabytesPerMonth: [(farm.wireBytes * days) / 1e6, 'MB'],
      entriesPerMessage: [entriesPerMessage, '1'],
      readingsPerSecondOneWorker: [cloud.readingsPerSecond, '1/s'],
      workerCpuSecondsPer10kReadings: [per10k(cloud.workerCpuSeconds), 's'],
      natsCpuSecondsPer10kReadings: [per10k(cloud.natsCpuSeconds), 's, three servers'],
      natsWrittenBytesPerReading: [cloud.natsWrittenBytes / cloud.readings, 'B, three servers'],
      natsBytesPerConnection: [cloud.natsBytesPerConnection, 'B, three servers'],
      postgresCpuSecondsPer10kReadings: [per10k(cloud.postgresCpuSeconds), 's'],
      postgresWalBytesPerReading: [cloud.postgresWalBytes / cloud.readings, 'B'],
      indexBytesPerReading: [archive.before.indexBytes / archive.entries, 'B, before it is packed'],
      archiveBytesPerReading: [archive.before.archiveBytes / archive.entries, 'B, before it is packed'],
      packedIndexBytesPerFarmAndDay: [archive.packed.indexBytes, 'B'],
      packedArchiveBytesPerReading: [archive.packed.archiveBytes / archive.entries, 'B'],
      packCpuSecondsPerFarmAndDay: [archive.packCpuSeconds, 's'],
      bytesPerSeriesAndDay: [cloud.bytesPerDayRow, 'B'],
      bytesPerLatestReading: [cloud.bytesPerLatestRow, 'B'],
      influxBytesPerReading: [databases.bytesPerReading, 'B'],
      influxCpuSecondsPer10kReadings: [databases.cpuSecondsPer10kReadings, 's'],
      influxMiBPerDatabase: [databases.mibPerDatabase, 'MiB'],
      influxMiBPerOldWeek: [databases.mibPerOldWeek, 'MiB'],
      cloudCpuSecondsPer1kScans: [buyers.cpuSecondsPer1kScans, 's'],
      scansPerSecond: [buyers.scansPerSecond, '1/s'],
      gasPerAnchor: [buyers.gasPerAnchor, 'gas'],
    };
    const figures = Object.fromEntries(
      Object.entries(values).map(([name, [value, unit]]): [string, Figure] => [
        name,
        figureOf([value], unit),
      ]),
    );
    return { runs: 1, figures, targets: [], versions: { influxd } };
  },
};

const FULL = {
  minutes: 5,
  cloud: { gateways: 500, readingsPerGateway: 200 },
  archiveMinutes: 1_440,
  databases: { databases: 100, oldWeeks: 8 },
  scans: 2_000,
};
const QUICK = {
  minutes: 1,
  cloud: { gateways: 20, readingsPerGateway: 100 },
  archiveMinutes: 60,
  databases: { databases: 5, oldWeeks: 2 },
  scans: 100,
};
