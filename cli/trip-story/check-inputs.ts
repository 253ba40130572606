import { join } from "node:path";
import { readCard } from "#kit/model/bundle.ts";
import { toColumns } from "#kit/model/columns.ts";
import { hashRows } from "#kit/model/hash-rows.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Saying } from "./story.ts";

/** Whether the inputs shown are bit for bit what the model was fed; undefined where that cannot be told. */
export type AreTheInputs = boolean | undefined;

/** Compares a saying's hash with that of its inputs, by the card of its version below `modelsDir`. */
export async function checkInputs(modelsDir: string, saying: Saying): Promise<AreTheInputs> {
  const { service, version, digest, inputs, featureHash } = saying;
  if (!inputs || featureHash === "") return undefined;
  try {
    const card = await readCard(join(modelsDir, service, version));
    if (card.digest !== digest) return undefined; // another model by that name
    const row = Float64Array.from(card.inputs, ({ name }) => inputs[name] ?? Number.NaN);
    const hash = hashRows(toColumns(row, 1, card.inputs), 1);
    return Buffer.from(hash).toString("hex") === featureHash;
  } catch (cause) {
    if (cause instanceof MeshError && cause.code === "NOT_FOUND") return undefined; // it is not here any more
    throw cause;
  }
}
