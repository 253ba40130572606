import { expect, test } from "vitest";
import { countRequests } from "./request-counts.ts";

const bucket = (upper_bound: number, cumulative: number) => ({ upper_bound, cumulative });
const rpc = "grpc.tripmesh.duration.v1.DurationService.Predict";
/** As Envoy 1.40 answers `/stats?format=json&histogram_buckets=cumulative`. */
const stats = [
  { name: `cluster.duration-blue.${rpc}.total`, value: 100 },
  { name: `cluster.duration-blue.${rpc}.success`, value: 98 },
  { name: `cluster.duration-blue-shadow.${rpc}.total`, value: 10 },
  { name: `cluster.duration-blue-shadow.${rpc}.success`, value: 10 },
  { name: `cluster.duration-green.${rpc}.total`, value: 5 },
  { name: `cluster.duration-green.${rpc}.success`, value: 0 },
  { name: `cluster.cost-green.${rpc}.total`, value: 1_000 },
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
    requests: { blue: 110, green: 5 },
    errors: { blue: 2, green: 5 },
    slow: { blue: 5, green: 3 },
  });
});

test("an Envoy that nobody has asked yet has counted nothing", () => {
  const none = { blue: 0, green: 0 };
  expect(countRequests({ stats: [] })).toEqual({ requests: none, errors: none, slow: none });
});
