// One model file says the same however it is run: the short form of `mesh models verify --parity`.
import { expect, test } from "vitest";
import { loadBundle } from "#kit/model/bundle.ts";
import { modelServices } from "#kit/traffic/traffic.ts";
import { findBundles } from "../../cli/bundles/find-bundles.ts";
import { compare } from "../../cli/parity/answers.ts";
import { certify } from "../../cli/parity/certificate.ts";
import { scoreByRow } from "../../cli/parity/in-process.ts";
import { drawRows } from "../../cli/parity/rows.ts";

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const RIDES = 200;
const bundles = (await findBundles(`${root}/models`)).filter(({ service }) =>
  modelServices.some((name) => name === service),
);
const quiet = { say: () => {}, step: <T>(_: string, work: () => Promise<T>) => work() };

test("every service has a bundle to compare", () => {
  expect(new Set(bundles.map(({ service }) => service))).toEqual(new Set(modelServices));
});

test.each(bundles)("$service@$version: 0 bits differ", async (place) => {
  const { signal } = new AbortController();
  const options = { root, env: process.env, rides: RIDES, seed: "test", progress: quiet, signal };
  const { modes, pairs, rides } = await certify(place, options);
  expect(rides).toBe(RIDES);
  expect(modes.join()).toMatch(/Python/);
  expect(modes.join()).toMatch(/batch job/);
  expect(modes.join()).toMatch(place.service === "duration" ? /gRPC Predict/ : /stream consumer/);
  expect(pairs).toHaveLength((modes.length * (modes.length - 1)) / 2);
  expect(pairs.filter((pair) => pair.rows + (pair.inputs ?? 0) > 0)).toEqual([]);
});

test("another file is noticed", async () => {
  const rows = drawRows("tip", 50, "test");
  const tip = await scoreByRow(await loadBundle(`${root}/models/tip/v1`), rows);
  const cost = await scoreByRow(await loadBundle(`${root}/models/cost/v1`), rows);
  const renamed = { ...cost, outputs: { tip_usd: cost.outputs["cost_usd"] as Float32Array } };
  expect(compare(tip, renamed)).toMatchObject({ rows: 50, inputs: 0 });
});
