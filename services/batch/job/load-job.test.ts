import { describe, expect, test } from "vitest";
import type { MeshError } from "#kit/rpc/errors.ts";
import { root } from "../testing/batch-under-test.ts";
import { loadJobs, parseJob } from "./load-job.ts";

const text = `
name: month
model: duration@v1
window: month
source: { kind: parquet, url: "parquet:\${TRIPS:-trips}/{yyyy}-{MM}.parquet" }
inputs: { pickup_zone: PULocationID, trip_distance_miles: null }
destination: { url: "sqlite:results.db", table: durations }
`;
const parse = (change: string, env = {}) =>
  parseJob(text + change, "month.yaml", { env, cwd: "/x" });

describe("a job's file", () => {
  test("is completed: defaults, variables, paths", () => {
    const job = parse("");
    expect(job.source.url).toBe("parquet:/x/trips/{yyyy}-{MM}.parquet");
    expect(parse("", { TRIPS: "/data" }).source.url).toBe("parquet:/data/{yyyy}-{MM}.parquet");
    expect(job.destination.url).toBe("sqlite:/x/results.db");
    expect(job.inputs["pickup_zone"]).toEqual({ from: "PULocationID", maxNullShare: 0 });
    expect(job).toMatchObject({ shardRows: 8192, quarantine: { maxShare: 0.01 } });
  });

  test("with mistakes is refused with all of them, by field", () => {
    const broken = text.replace("window: month", "window: week").replace("durations", "Bad;Table");
    const problem = catching(() =>
      parseJob(`${broken}shards: 3`, "month.yaml", { env: {}, cwd: "/" }),
    );
    expect(problem.code).toBe("INVALID_ARGUMENT");
    const fields = problem.violations.map(({ field }) => field);
    expect(fields).toEqual(["window", "destination.table", "month.yaml"]);
  });

  test("that needs a variable which is not set says which", () => {
    const needy = text.replace("sqlite:results.db", `\${RESULTS}`);
    const problem = catching(() => parseJob(needy, "month.yaml", { env: {}, cwd: "/" }));
    expect(problem.violations).toEqual([
      { field: "destination.url", description: `needs the variable RESULTS, for \${RESULTS}` },
    ]);
  });

  test("that writes where it reads is refused", () => {
    const circle = text.replace("sqlite:results.db", "parquet:trips");
    expect(() => parseJob(circle, "month.yaml", { env: {}, cwd: "/x" })).toThrow("writes where it");
  });
});

test("the project's own jobs can be read", async () => {
  const jobs = await loadJobs(`${root}/services/batch/jobs`, { env: {}, cwd: "/x" });
  expect(jobs.map(({ name }) => name)).toEqual(["churn-daily", "trips-backfill", "trips-daily"]);
});

function catching(work: () => unknown): MeshError {
  try {
    work();
  } catch (cause) {
    return cause as MeshError;
  }
  throw new Error("it was taken");
}
