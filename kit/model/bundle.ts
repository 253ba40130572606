import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MeshError } from "#kit/rpc/errors.ts";

const tensor = z.object({
  name: z.string().min(1),
  dtype: z.enum(["int64", "float32", "string"]),
  unit: z.string(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  optional: z.boolean().optional(),
});

const cardSchema = z.looseObject({
  service: z.string().min(1),
  version: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  file: z.string().default("model.onnx"),
  description: z.string().default(""),
  inputs: z.array(tensor).min(1),
  outputs: z.array(tensor).min(1),
  training: z.looseObject({ months: z.array(z.string()).default([]) }).default({ months: [] }),
});

/** The card of a model: what it takes, what it answers, what it was trained on. See docs/models.md. */
export type Card = z.output<typeof cardSchema>;
export type Tensor = z.output<typeof tensor>;

/** One version of one service: its card and the bytes of its ONNX file, which belong together. */
export interface Bundle {
  readonly card: Card;
  /** Where the ONNX file lies, for messages. */
  readonly path: string;
  readonly model: Uint8Array;
}

/** Reads the card in `dir` (`model.json`). Fails with a sentence that names the file and the field. */
export async function readCard(dir: string): Promise<Card> {
  const path = join(dir, "model.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", `${path} cannot be read: a bundle needs a card`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MeshError("FAILED_PRECONDITION", `${path} is not JSON`, { cause });
  }
  const parsed = cardSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; ");
  throw new MeshError("FAILED_PRECONDITION", `${path}: ${problems}`);
}

/**
 * Reads the bundle in `dir` and refuses it when the model file is not the one the card describes: a model
 * swapped under its card would be judged, released and audited under a name that is not its own.
 */
export async function loadBundle(dir: string): Promise<Bundle> {
  const card = await readCard(dir);
  const path = join(dir, card.file);
  const model = await readFile(path).catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", `${path} cannot be read: the card names it`, { cause });
  });
  const digest = createHash("sha256").update(model).digest("hex");
  if (digest !== card.digest) {
    throw new MeshError(
      "FAILED_PRECONDITION",
      `${path} has digest ${digest.slice(0, 12)}…, its card says ${card.digest.slice(0, 12)}…: restore the file or the card`,
    );
  }
  return { card, path, model };
}
