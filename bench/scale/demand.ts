/** Medians of `npm run bench -- scale --json`, and what other benchmarks have found. Units as their names say. */
export interface Coefficients {
  readonly farmEntriesPerReading: number;
  readonly farmMessagesPerMinute: number;
  readonly farmLiveMessagesPerMinute: number;
  readonly farmWireBytesPerReading: number;
  readonly workerCpuSecondsPer10kReadings: number;
  readonly natsCpuSecondsPer10kReadings: number;
  readonly natsWrittenBytesPerReading: number;
  readonly natsBytesPerConnection: number;
  readonly postgresCpuSecondsPer10kReadings: number;
  readonly postgresWalBytesPerReading: number;
  /** As an archive and its index are once a day is over. */
  readonly packedArchiveBytesPerReading: number;
  readonly packedIndexBytesPerFarmAndDay: number;
  readonly packCpuSecondsPerFarmAndDay: number;
  readonly bytesPerSeriesAndDay: number;
  readonly influxBytesPerReading: number;
  readonly influxCpuSecondsPer10kReadings: number;
  readonly influxMiBPerDatabase: number;
  readonly influxMiBPerOldWeek: number;
  readonly cloudCpuSecondsPer1kScans: number;
  readonly gasPerAnchor: number;
}

/** What nobody can measure here: how many there are, how they behave, and what things cost. Change them to your own. */
export const assumptions = {
  cooperatives: 35_000,
  sensors: 50,
  readingsPerSensorAndMinute: 1,
  members: 1_650_000,
  /** Since 2025. */
  provinces: 34,
  /** Journal records that a member makes, such as pickings, sprayings and photos' hashes. */
  recordsPerMemberAndDay: 1,
  stampsPerMemberAndYear: 1_000,
  /** Of all stamps. */
  scannedShare: 0.02,
  /** The busiest second against the mean of the year: Tết, a campaign. */
  scanPeak: 100,
  /** A machine is planned to be this busy, so that a lost machine, a night's backlog and an upgrade find room. */
  plannedCpuShare: 0.25,
  /** NONGTIN_CLOUD_INFLUX_DAYS. */
  rawDays: 400,
  /** One transaction each, whatever waits for it. */
  anchorsPerDay: 24,
  /** A rented machine of 4 cores, 16 GB and 500 GB of SSD; a terabyte in an object store. */
  dollarsPerMachineAndMonth: 40,
  dollarsPerArchiveTerabyteAndMonth: 6,
  dollarsPerMobileGigabyte: 0.5,
} as const;
export type Assumptions = { readonly [Name in keyof typeof assumptions]: number };

const SECONDS_A_DAY = 86_400;
const DAYS_A_YEAR = 365;
const DAYS_A_MONTH = DAYS_A_YEAR / 12;

/** What so many farms ask of a cloud. */
export interface Demand {
  readonly farms: number;
  readonly readingsPerSecond: number;
  readonly entriesPerSecond: number;
  readonly messagesPerSecond: number;
  readonly inMegabitsPerSecond: number;
  readonly workerCores: number;
  readonly natsCores: number;
  readonly postgresCores: number;
  readonly influxCores: number;
  readonly packingCores: number;
  readonly cores: number;
  readonly connectionsGB: number;
  readonly influxGB: number;
  readonly archiveTBPerYear: number;
  readonly influxTB: number;
  readonly postgresGBPerYear: number;
  readonly walGBPerDay: number;
  readonly natsGBPerDay: number;
  readonly memberRecordsPerSecond: number;
  readonly peakScansPerSecond: number;
  readonly peakScanCores: number;
}

export function demandOf(farms: number, c: Coefficients, a: Assumptions): Demand {
  const readingsPerSecond = (farms * a.sensors * a.readingsPerSensorAndMinute) / 60;
  const readingsPerDay = readingsPerSecond * SECONDS_A_DAY;
  const coresFor = (cpuSecondsPer10k: number) => (readingsPerSecond * cpuSecondsPer10k) / 10_000;
  const cores = {
    workerCores: coresFor(c.workerCpuSecondsPer10kReadings),
    natsCores: coresFor(c.natsCpuSecondsPer10kReadings),
    postgresCores: coresFor(c.postgresCpuSecondsPer10kReadings),
    influxCores: coresFor(c.influxCpuSecondsPer10kReadings),
    packingCores: (farms * c.packCpuSecondsPerFarmAndDay) / SECONDS_A_DAY,
  };
  const members = (a.members * farms) / a.cooperatives;
  const scansPerSecond = (members * a.stampsPerMemberAndYear * a.scannedShare) / DAYS_A_YEAR / SECONDS_A_DAY;
  const peakScansPerSecond = scansPerSecond * a.scanPeak;
  const postgresBytesPerFarmAndDay = a.sensors * c.bytesPerSeriesAndDay + c.packedIndexBytesPerFarmAndDay;
  const influxMiBPerFarm = c.influxMiBPerDatabase + (c.influxMiBPerOldWeek * a.rawDays) / 7;
  return {
    farms,
    readingsPerSecond,
    entriesPerSecond: readingsPerSecond * c.farmEntriesPerReading,
    messagesPerSecond: (farms * (c.farmMessagesPerMinute + c.farmLiveMessagesPerMinute)) / 60,
    inMegabitsPerSecond: (readingsPerSecond * c.farmWireBytesPerReading * 8) / 1e6,
    ...cores,
    cores: Object.values(cores).reduce((sum, one) => sum + one, 0),
    connectionsGB: (farms * c.natsBytesPerConnection) / 1e9,
    influxGB: (farms * influxMiBPerFarm * 2 ** 20) / 1e9,
    archiveTBPerYear: (readingsPerDay * DAYS_A_YEAR * c.packedArchiveBytesPerReading) / 1e12,
    influxTB: (readingsPerDay * a.rawDays * c.influxBytesPerReading) / 1e12,
    postgresGBPerYear: (farms * postgresBytesPerFarmAndDay * DAYS_A_YEAR) / 1e9,
    walGBPerDay: (readingsPerDay * c.postgresWalBytesPerReading) / 1e9,
    natsGBPerDay: (readingsPerDay * c.natsWrittenBytesPerReading) / 1e9,
    memberRecordsPerSecond: (members * a.recordsPerMemberAndDay) / SECONDS_A_DAY,
    peakScansPerSecond,
    peakScanCores: (peakScansPerSecond * c.cloudCpuSecondsPer1kScans) / 1_000,
  };
}

/** A month of one province's cloud, and what is left of it for a farm; dollars. */
export interface Cost {
  readonly machines: number;
  readonly machineDollars: number;
  /** After the first year; as much more comes with each further year. */
  readonly archiveDollars: number;
  readonly dollarsPerFarm: number;
  readonly dollarsPerMember: number;
  readonly mobileGigabytesPerFarm: number;
  readonly mobileDollarsPerFarm: number;
  readonly anchorGasPerFarm: number;
  /** All provinces. */
  readonly machinesOfTheCountry: number;
  readonly dollarsOfTheCountry: number;
}

const CORES_A_MACHINE = 4;
const GB_A_MACHINE = 16;
/** Of a machine's memory for InfluxDB and connections; the rest is PostgreSQL's cache, the workers and the system. */
const MEMORY_SHARE = 0.5;
/** Two of three servers have to live, so there are three. */
const QUORUM = 3;

/** Whichever asks for most decides: cores, memory, or that there have to be three. */
export function machinesFor(demand: Demand, a: Assumptions): number {
  const forCores = (demand.cores + demand.peakScanCores) / (CORES_A_MACHINE * a.plannedCpuShare);
  const forMemory = (demand.influxGB + demand.connectionsGB) / (GB_A_MACHINE * MEMORY_SHARE);
  return Math.max(QUORUM, Math.ceil(forCores), Math.ceil(forMemory));
}

export function costOf(province: Demand, c: Coefficients, a: Assumptions): Cost {
  const machines = machinesFor(province, a);
  const machineDollars = machines * a.dollarsPerMachineAndMonth;
  const archiveDollars = province.archiveTBPerYear * a.dollarsPerArchiveTerabyteAndMonth;
  const dollarsPerFarm = (machineDollars + archiveDollars) / province.farms;
  const readingsPerMonth = a.sensors * a.readingsPerSensorAndMinute * 1_440 * DAYS_A_MONTH;
  const mobileGigabytesPerFarm = (readingsPerMonth * c.farmWireBytesPerReading) / 1e9;
  return {
    ...{ machines, machineDollars, archiveDollars, dollarsPerFarm },
    dollarsPerMember: dollarsPerFarm / (a.members / a.cooperatives),
    mobileGigabytesPerFarm,
    mobileDollarsPerFarm: mobileGigabytesPerFarm * a.dollarsPerMobileGigabyte,
    machinesOfTheCountry: machines * a.provinces,
    dollarsOfTheCountry: (machineDollars + archiveDollars) * a.provinces,
    anchorGasPerFarm: (c.gasPerAnchor * a.anchorsPerDay * DAYS_A_MONTH) / province.farms,
  };
}
