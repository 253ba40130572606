import { MeshError } from "#kit/rpc/errors.ts";
import { Problem } from "../problem.ts";

/** One sentence about what went wrong; below it the fields at fault, or the end of a log. */
export function describeError(error: unknown): string[] {
  if (error instanceof Problem) {
    return [error.message, ...error.details.map((line) => `  ${line}`)];
  }
  if (error instanceof MeshError) {
    if (error.violations.length === 0) return [`${error.code}: ${error.message}`];
    return [
      `${error.code}: the request cannot be used.`,
      ...error.violations.map(({ field, description }) => `  ${field}: ${description}`),
    ];
  }
  return [error instanceof Error ? error.message : String(error)];
}
