import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Suites of over half a minute: kills, whole systems, days and seasons. */
const LONG =
  /kill|external-broker|gateway\.test|scenarios\/(days|hours|seasons)|e2e\/(whole-flow|commands|uplink-cuts|enrolment)/;

/** One that begins last leaves the other workers with nothing to do; a machine that has run nothing yet does not know which are long. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
