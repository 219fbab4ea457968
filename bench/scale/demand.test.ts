import { describe, expect, it } from 'vitest';
import { assumptions, type Coefficients, costOf, demandOf, machinesFor } from './demand.ts';

const ones: Coefficients = {
  ...{ farmEntriesPerReading: 1, farmMessagesPerMinute: 6, farmLiveMessagesPerMinute: 0 },
  ...{ farmWireBytesPerReading: 250, workerCpuSecondsPer10kReadings: 3, natsCpuSecondsPer10kReadings: 1 },
  ...{ natsWrittenBytesPerReading: 1_000, natsBytesPerConnection: 100_000 },
  ...{ postgresCpuSecondsPer10kReadings: 1, postgresWalBytesPerReading: 400 },
  ...{ packedArchiveBytesPerReading: 100, packedIndexBytesPerFarmAndDay: 1_000 },
  packCpuSecondsPerFarmAndDay: 0,
  bytesPerSeriesAndDay: 200,
  ...{
    influxBytesPerReading: 2,
    influxCpuSecondsPer10kReadings: 0,
    influxMiBPerDatabase: 2,
    influxMiBPerOldWeek: 0,
  },
  ...{ cloudCpuSecondsPer1kScans: 5, gasPerAnchor: 48_000 },
};

describe('what farms ask of a cloud', () => {
  it('is what a person works out by hand for the country', () => {
    const country = demandOf(35_000, ones, assumptions);
    expect(country.readingsPerSecond).toBeCloseTo(29_166.67, 1);
    expect(country.messagesPerSecond).toBe(3_500);
    expect(country.cores).toBeCloseTo(14.58, 2);
    expect(country.inMegabitsPerSecond).toBeCloseTo(58.3, 1);
    expect(country.archiveTBPerYear).toBeCloseTo(91.98, 2);
    expect(country.connectionsGB).toBe(3.5);
    // 35,000 farms × (50 series × 200 B + 1,000 B) × 365 days
    expect(country.postgresGBPerYear).toBeCloseTo(140.5, 1);
    expect(country.memberRecordsPerSecond).toBeCloseTo(19.1, 1);
    // 1.65 million members × 1,000 stamps × 2 % a year, a hundredfold at the peak
    expect(country.peakScansPerSecond).toBeCloseTo(104.6, 1);
  });

  it('grows with their number and with nothing else', () => {
    const [one, many] = [demandOf(1, ones, assumptions), demandOf(1_000, ones, assumptions)];
    for (const [name, value] of Object.entries(many))
      expect(value / 1_000).toBeCloseTo(one[name as keyof typeof one], 9);
  });
});

describe('machines', () => {
  it('are three at least, and as many as cores or memory ask for', () => {
    const of = (changes: Partial<Coefficients>) =>
      machinesFor(demandOf(1_030, { ...ones, ...changes }, assumptions), assumptions);
    expect(of({})).toBe(3);
    expect(of({ workerCpuSecondsPer10kReadings: 100 })).toBe(9);
    expect(of({ influxMiBPerDatabase: 40 })).toBe(6);
  });

  it('are shared by the farms of a province', () => {
    const cost = costOf(demandOf(1_030, ones, assumptions), ones, assumptions);
    expect(cost.machineDollars).toBe(120);
    expect(cost.dollarsPerFarm).toBeCloseTo((120 + cost.archiveDollars) / 1_030, 9);
    expect(cost.mobileGigabytesPerFarm).toBeCloseTo(0.5475, 3);
  });
});
