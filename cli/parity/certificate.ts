import { type Bundle, loadBundle } from "#kit/model/bundle.ts";
import { type ModelService, modelServices } from "#kit/traffic/traffic.ts";
import type { BundlePlace } from "../bundles/find-bundles.ts";
import { Problem } from "../problem.ts";
import type { Progress } from "../up/progress.ts";
import { type Answers, compareAll, type Difference, nameOf } from "./answers.ts";
import { scoreByColumn, scoreByRow } from "./in-process.ts";
import { scoreInBatch } from "./over-batch.ts";
import { inferOverRpc, predictOverRpc } from "./over-rpc.ts";
import { consumeOverStream, readDurationLog } from "./over-stream.ts";
import { scoreInPython } from "./python.ts";
import { drawRows, type ParityRow } from "./rows.ts";
import { startService } from "./service-under-test.ts";

/** That one file says the same however it is run; or where it does not. */
export interface Certificate {
  readonly service: string;
  readonly version: string;
  readonly digest: string;
  /** Rides that were scored by every way. */
  readonly rides: number;
  readonly modes: readonly string[];
  readonly pairs: readonly Difference[];
  /** Whether every pair has the same bits for every row. */
  readonly isEqual: boolean;
}

export interface CertifyOptions {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly rides: number;
  readonly seed: string;
  readonly progress: Progress;
  /** Gives up, leaving nothing behind. */
  readonly signal: AbortSignal;
}

const BATCHES = [1, 32, 1024];
const PYTHON = [
  { batch: 1, threads: 1 },
  { batch: 1024, threads: 1 },
  { batch: 1024, threads: 2 },
];

/** Scores the same rides in every way there is and compares each with each, before any interval scale. */
export async function certify(place: BundlePlace, options: CertifyOptions): Promise<Certificate> {
  const bundle = await loadBundle(place.dir);
  const service = modelServices.find((name) => name === bundle.card.service);
  if (!service) {
    throw new Problem(
      `${bundle.card.service} is served by no process: there is nothing to compare. Known: ${modelServices.join(", ")}.`,
    );
  }
  const rows = drawRows(service, options.rides, options.seed);
  const answers: Answers[] = [];
  const step = async (name: string, work: () => Promise<Answers>) => {
    options.signal.throwIfAborted();
    answers.push(await options.progress.step(`${service}@${place.version}: ${name}`, work));
  };
  await step("kit, by row", () => scoreByRow(bundle, rows));
  for (const batch of BATCHES) {
    await step(`kit, by column, ${batch}`, () => scoreByColumn(bundle, rows, batch));
  }
  await step("batch job", () => scoreInBatch(bundle, rows, options.signal));
  await scoreInService(service, bundle, rows, options, step);
  for (const setting of PYTHON) {
    const name = `Python, batches of ${setting.batch}, ${setting.threads} thread(s)`;
    await step(name, () => scoreInPython(bundle, rows, { ...options, ...setting }));
  }
  const pairs = compareAll(answers);
  const isEqual = pairs.every(({ rows: differing, inputs }) => differing + (inputs ?? 0) === 0);
  const { version, digest } = bundle.card;
  return {
    service,
    version,
    digest,
    rides: rows.length,
    modes: answers.map(nameOf),
    pairs,
    isEqual,
  };
}

/** The ways through a running service: its RPCs and the event stream. */
async function scoreInService(
  service: ModelService,
  bundle: Bundle,
  rows: readonly ParityRow[],
  options: CertifyOptions,
  step: (name: string, work: () => Promise<Answers>) => Promise<void>,
): Promise<void> {
  const { card } = bundle;
  const running = await startService(service, bundle, options);
  try {
    if (service === "duration") {
      await step("gRPC Predict", () => predictOverRpc(running.address, rows));
      await step("prediction log", () => readDurationLog(running.events, card, rows.length));
    } else {
      await step("stream consumer", () => consumeOverStream(running.events, card, rows));
    }
    for (const batch of BATCHES) {
      await step(`V2 ModelInfer, ${batch}`, () => inferOverRpc(running.address, card, rows, batch));
    }
  } finally {
    await running.stop();
  }
}
