// What a model costs for one row, alone and in batches, and how much of that its features are.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Bundle, loadBundle } from "#kit/model/bundle.ts";
import { toColumns } from "#kit/model/columns.ts";
import { type ModelService, modelServices } from "#kit/traffic/traffic.ts";
import { findBundles } from "../cli/bundles/find-bundles.ts";
import { drawRows } from "../cli/parity/rows.ts";
import type { Measurement, Plan, Result, Row, Verdict } from "./measurement.ts";
import { ratio, type Spread, show, spread } from "./numbers.ts";
import { interleave } from "./rounds.ts";
import { createScratchFolder } from "./scratch-folder.ts";

const root = new URL("..", import.meta.url).pathname;
const ROWS = 1024;
const BATCHES = [1, 32, 1024];
/** What a run costs hardly changes: a window far shorter than the plan's holds hundreds of runs. */
const WINDOW_SHARE = 0.06;

export const modelCost: Measurement = {
  name: "model-cost",
  title: "Models in onnxruntime-node, one thread: CPU a row, against a graph of the trees alone",
  run: measure,
};

/** A batch size of one graph: ready to be run again and again on different rows. */
interface Variant {
  readonly session: InferenceSession;
  readonly batch: number;
  readonly feeds: readonly Record<string, Tensor>[];
}

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const { service, version, dir } of await findBundles(join(root, "models"))) {
    const known = modelServices.find((name) => name === service);
    if (!known) continue; // no rows can be drawn for it
    const bundle = await loadBundle(dir);
    const { variants, loadMs } = await prepare(bundle, known);
    const us = await interleave(variants, rounds, (variant) =>
      cpuPerRow(variant, windowMs * WINDOW_SHARE),
    );
    const [whole, trees] = [us.slice(0, BATCHES.length), us.slice(BATCHES.length)];
    const name = `${service}@${version}`;
    rows.push(toRow(name, bundle, loadMs, whole, trees));
    verdicts.push(...toVerdicts(name, whole, trees));
  }
  return { rows, verdicts };
}

async function prepare(bundle: Bundle, service: ModelService) {
  const scratch = createScratchFolder("models");
  try {
    const split = ["-m", "training.split_graph", bundle.path, scratch.path];
    execFileSync(join(root, "training", "with-python"), split);
    const started = performance.now();
    const whole = await open(bundle.model);
    const loadMs = performance.now() - started;
    const features = await open(readFileSync(join(scratch.path, "features.onnx")));
    const trees = await open(readFileSync(join(scratch.path, "trees.onnx")));
    const raw = rawFeeds(bundle, service);
    const variants: Variant[] = [];
    for (const batch of BATCHES) variants.push({ session: whole, batch, feeds: raw(batch) });
    for (const batch of BATCHES) {
      const feeds = [];
      for (const feed of raw(batch)) {
        const matrix = Object.values(await features.run(feed))[0] as Tensor;
        feeds.push({ [trees.inputNames[0] ?? ""]: matrix });
      }
      variants.push({ session: trees, batch, feeds });
    }
    return { variants, loadMs };
  } finally {
    scratch.remove();
  }
}

function open(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
}

/** Feeds of a batch size that together hold every row once. */
function rawFeeds({ card }: Bundle, service: ModelService) {
  const drawn = drawRows(service, ROWS, "bench");
  return (batch: number) =>
    Array.from({ length: ROWS / batch }, (_, i) => {
      const part = drawn.slice(i * batch, (i + 1) * batch);
      const columns = toColumns(
        Float64Array.from(part.flatMap(({ row }) => row)),
        batch,
        card.inputs,
      );
      return Object.fromEntries(
        card.inputs.map(({ name, dtype }, k) => [
          name,
          new Tensor(dtype, columns[k] as Float32Array, [batch]),
        ]),
      );
    });
}

/** Processor time of a row, µs, over a window of `windowMs`. */
async function cpuPerRow({ session, batch, feeds }: Variant, windowMs: number): Promise<number> {
  const until = performance.now() + windowMs;
  const before = process.cpuUsage();
  let runs = 0;
  do {
    await session.run(feeds[runs % feeds.length] ?? {});
    runs++;
  } while (performance.now() < until);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / runs / batch;
}

function toRow(
  what: string,
  bundle: Bundle,
  loadMs: number,
  whole: readonly number[][],
  trees: readonly number[][],
): Row {
  const cells = (samples: readonly number[][], of: string) =>
    BATCHES.map((batch, i) => [`${of} µs at ${batch}`, show(spread(samples[i] ?? []), 1)]);
  const perSecond = 1e6 / spread(whole.at(-1) ?? []).median;
  return {
    what,
    columns: {
      ...Object.fromEntries([...cells(whole, "whole"), ...cells(trees, "trees")]),
      "rows/s at 1024": Math.round(perSecond).toLocaleString("en"),
      MB: (statSync(bundle.path).size / 1e6).toFixed(1),
      "load ms": loadMs.toFixed(0),
    },
  };
}

function toVerdicts(
  name: string,
  whole: readonly number[][],
  trees: readonly number[][],
): Verdict[] {
  const of = (samples: readonly number[][], batch: number): number[] =>
    samples[BATCHES.indexOf(batch)] ?? [];
  const one: Spread = spread(of(whole, 1));
  const features = ratio(of(whole, 32), of(trees, 32));
  return [
    { what: `${name}: one row`, value: one, unit: "µs", aim: { atMost: oneRowAimUs(name) } },
    { what: `${name}: whole / trees at 32 rows`, value: features, aim: { atMost: 1.1 } },
  ];
}

/** The default bundle is the one that a first start serves; v2 may cost more for its accuracy. */
function oneRowAimUs(name: string): number {
  return name.endsWith("@v1") ? 80 : 200;
}
