import { join } from "node:path";
import { type Card, readCard } from "#kit/model/bundle.ts";
import { toColumns } from "#kit/model/columns.ts";
import { hashRows } from "#kit/model/hash-rows.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Saying, TripStory } from "./story.ts";

/** Whether the inputs shown are bit for bit what the model was fed; undefined where that cannot be told. */
export type AreTheInputs = boolean | undefined;

/** Compares the hash of each saying with that of its inputs, by the cards below `modelsDir`, each read once. */
export async function checkAll(
  modelsDir: string,
  { chapters }: TripStory,
): Promise<ReadonlyMap<Saying, AreTheInputs>> {
  const cards = new Map<string, Card | undefined>();
  const proofs = new Map<Saying, AreTheInputs>();
  for (const saying of chapters.flatMap(({ sayings }) => sayings)) {
    const dir = join(modelsDir, saying.service, saying.version);
    if (!cards.has(dir)) cards.set(dir, await findCard(dir));
    proofs.set(saying, checkInputs(cards.get(dir), saying));
  }
  return proofs;
}

function checkInputs(card: Card | undefined, saying: Saying): AreTheInputs {
  const { digest, inputs, featureHash } = saying;
  if (!inputs || featureHash === "") return undefined;
  if (card?.digest !== digest) return undefined; // it is not here any more, or another model by that name
  const row = Float64Array.from(card.inputs, ({ name }) => inputs[name] ?? Number.NaN);
  const hash = hashRows(toColumns(row, 1, card.inputs), 1);
  return Buffer.from(hash).toString("hex") === featureHash;
}

async function findCard(dir: string): Promise<Card | undefined> {
  try {
    return await readCard(dir);
  } catch (cause) {
    if (cause instanceof MeshError && cause.code === "NOT_FOUND") return undefined;
    throw cause;
  }
}
