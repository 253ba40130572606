import { expect, test } from "vitest";
import { countRequests } from "./request-counts.ts";

const bucket = (upper_bound: number, cumulative: number) => ({ upper_bound, cumulative });
const rpc = "grpc.tripmesh.duration.v1.DurationService.Predict";
const lua = "lua.duration-green-shadow";
/** As Envoy 1.40 answers `/stats?format=json&histogram_buckets=cumulative`. */
const stats = [
  { name: `cluster.duration-blue.${rpc}.success`, value: 98 },
  { name: `cluster.duration-blue.${rpc}.failure`, value: 2 },
  { name: "cluster.duration-blue.upstream_rq_5xx", value: 1 }, // one of those two
  { name: "cluster.duration-blue.upstream_rq_active_overflow", value: 1 },
  { name: `cluster.duration-green.${rpc}.failure`, value: 5 },
  { name: `cluster.duration-green-shadow.${lua}.answered`, value: 90 },
  { name: `cluster.duration-green-shadow.${lua}.failed`, value: 3 },
  { name: "cluster.duration-green-shadow.upstream_rq_5xx", value: 7 },
  { name: "cluster.duration-green-shadow.upstream_rq_active_overflow", value: 3 },
  { name: `cluster.cost-green.${rpc}.failure`, value: 1_000 },
  {
    histograms: [
      {
        name: "cluster.duration-blue.upstream_rq_time",
        buckets: [bucket(25, 90), bucket(50, 95), bucket(100, 99), bucket(1000, 100)],
      },
      {
        name: "cluster.duration-green-shadow.upstream_rq_time",
        buckets: [bucket(25, 1), bucket(50, 1), bucket(1000, 4)],
      },
    ],
  },
];

test("requests, errors and slow answers are counted a slot, mirrored ones as well", () => {
  expect(countRequests({ stats })).toEqual({
    blue: { requests: 100, errors: 2, timed: 100, slow: 5, redelivered: 0 },
    // 5 live, 93 copies with an answer, 4 that were given up; 3 were never sent.
    green: { requests: 102, errors: 12, timed: 4, slow: 3, redelivered: 0 },
  });
});

test("an Envoy that nobody has asked yet has counted nothing", () => {
  const none = { requests: 0, errors: 0, timed: 0, slow: 0, redelivered: 0 };
  expect(countRequests({ stats: [] })).toEqual({ blue: none, green: none });
});
