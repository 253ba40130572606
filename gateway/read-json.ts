import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { invalidArgument, MeshError } from "#kit/rpc/errors.ts";

const MAX_BYTES = 16 * 1024;
const WITHIN_MS = 5_000;

/**
 * The body of a command. Fails with INVALID_ARGUMENT for what is not JSON or not of this shape, with
 * RESOURCE_EXHAUSTED above 16 KiB, with DEADLINE_EXCEEDED when it has not come within 5 s.
 */
export async function readJson<S extends z.ZodType>(
  request: IncomingMessage,
  schema: S,
): Promise<z.output<S>> {
  // A form of another page can post text and forms without asking first, and no JSON.
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new MeshError("INVALID_ARGUMENT", "content-type must be application/json");
  }
  const parsed = schema.safeParse(parse(await readBody(request)));
  if (parsed.success) return parsed.data;
  throw invalidArgument(
    parsed.error.issues.map(({ path, message }) => ({
      field: path.join(".") || "body",
      description: message,
    })),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const tooLarge = new MeshError(
    "RESOURCE_EXHAUSTED",
    `the body is larger than ${MAX_BYTES} bytes`,
  );
  if (Number(request.headers["content-length"] ?? 0) > MAX_BYTES) throw tooLarge; // can still be answered
  const chunks: Buffer[] = [];
  let bytes = 0;
  const late = setTimeout(() => {
    request.destroy(new MeshError("DEADLINE_EXCEEDED", "the body did not come in time"));
  }, WITHIN_MS);
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw tooLarge;
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MeshError("INVALID_ARGUMENT", "the body is not JSON", { cause });
  }
}
