import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, longest first; where no earlier run tells, they would come last for being short. */
const LONGEST = [
  "demo/demo.test.ts",
  "app/driver-contract.test.ts",
  "miners/fuzz.test.ts",
  "binary/miner.test.ts",
  "app/driver-sick.test.ts",
  "binary/cli.test.ts",
  "binary/journey.test.ts",
];

/** The long files begin first, so that all workers end at about the same time. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((end) => moduleId.endsWith(`/test/${end}`));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
