import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bundle, loadBundle, type Tensor } from "#kit/model/bundle.ts";
import { createColumnScorer } from "#kit/model/column-scorer.ts";
import type { Column } from "#kit/model/columns.ts";
import { Problem } from "../problem.ts";

/**
 * Writes a new version from an ONNX file and a card without digest and bytes, after the model has been loaded
 * and asked a few awkward rows. Nothing is left behind when it is refused; an existing version is never touched.
 */
export async function addBundle(
  modelsDir: string,
  onnxFile: string,
  card: Readonly<Record<string, unknown>> & { readonly service: string; readonly version: string },
): Promise<Bundle> {
  const { service, version } = card;
  const dir = join(modelsDir, service, version);
  if (await exists(dir)) {
    throw new Problem(`${service} ${version} exists already: a version is never changed.`);
  }
  const model = await readFile(onnxFile).catch((cause: unknown) => {
    throw new Problem(`${onnxFile} cannot be read.`, { cause });
  });
  const digest = createHash("sha256").update(model).digest("hex");
  const whole = { ...card, digest, file: "model.onnx", bytes: model.length };
  const fresh = join(modelsDir, service, `.${version}.${process.pid}`);
  try {
    await mkdir(fresh, { recursive: true });
    await writeFile(join(fresh, "model.onnx"), model);
    await writeFile(join(fresh, "model.json"), `${JSON.stringify(whole, null, 2)}\n`);
    const bundle = await loadBundle(fresh);
    await checkAnswers({ ...bundle, path: onnxFile }); // what is wrong is told of the file that was given
    await rename(fresh, dir);
    return bundle;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Loads the model as a service would and refuses answers that a service could not pass on. */
async function checkAnswers(bundle: Bundle): Promise<void> {
  const scorer = await createColumnScorer(bundle);
  const { inputs, outputs, service, version } = bundle.card;
  try {
    const rows = awkwardRows(inputs);
    const answers = await scorer
      .score(
        inputs.map((input, i) => columnOf(input, rows, i)),
        rows.length,
      )
      .catch((error: unknown) => {
        throw new Problem(`${service} ${version} cannot be scored: ${reasonOf(error)}`);
      });
    for (const [r, row] of rows.entries()) {
      const values = answers.map((output) => output[r] ?? Number.NaN);
      const fault = findFault(outputs, values);
      const asked = inputs.map(({ name }, i) => `${name} ${row[i]}`).join(", ");
      if (fault !== undefined) throw new Problem(`${fault}, for ${asked}.`);
    }
  } finally {
    await scorer.close();
  }
}

type Row = readonly (number | string)[];

function columnOf({ dtype }: Tensor, rows: readonly Row[], at: number): Column {
  const values = rows.map((row) => row[at] ?? Number.NaN);
  if (dtype === "string") return values.map(String);
  if (dtype === "int64") return BigInt64Array.from(values, (value) => BigInt(Number(value)));
  return Float32Array.from(values, Number);
}

/**
 * An ordinary row; every field in turn at the ends of its range and, where it may be, unknown; and all that
 * may be unknown, unknown. Texts are ones that no model was taught.
 */
export function awkwardRows(inputs: readonly Tensor[]): Row[] {
  const ordinary: Row = inputs.map(({ dtype, minimum, maximum }) =>
    dtype === "string" ? "something else" : Math.min(minimum ?? 0, maximum ?? 0),
  );
  const varied = inputs.flatMap(({ minimum, maximum, optional }, at) =>
    [minimum, maximum, optional ? Number.NaN : undefined].flatMap((value) =>
      value === undefined ? [] : [ordinary.with(at, value)],
    ),
  );
  const unknown = inputs.map(({ optional }, i) => (optional ? Number.NaN : (ordinary[i] ?? 0)));
  return [ordinary, ...varied, unknown];
}

/** What is wrong with an answer, naming the field: not finite, out of range, or bounds out of order. */
export function findFault(
  outputs: readonly Tensor[],
  values: Float32Array | readonly number[],
): string | undefined {
  for (const [i, { name, minimum = -Infinity, maximum = Infinity }] of outputs.entries()) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) return `${name} is ${value}`;
    if (value < minimum || value > maximum) {
      return `${name} is ${value}, outside ${minimum} to ${maximum}`;
    }
  }
  const [first, second, third] = outputs;
  if (!first || !second?.name.startsWith("lower_") || !third?.name.startsWith("upper_")) return;
  const [value = 0, lower = 0, upper = 0] = values;
  if (lower > value) return `${second.name} is ${lower}, above ${first.name}, ${value}`;
  if (upper < value) return `${third.name} is ${upper}, below ${first.name}, ${value}`;
  return;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
