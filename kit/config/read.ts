import { z } from "zod";

/**
 * Reads a service's configuration from environment variables, once, at start.
 *
 * All problems are reported together, because finding them one restart at a time is no fun. With
 * `--print-config` among the arguments the result is printed as JSON and the process ends with 0.
 * Unknown variables are ignored: other services' variables share the environment.
 */
export function readConfig<S extends z.ZodType>(schema: S, env: NodeJS.ProcessEnv): z.output<S> {
  const result = schema.safeParse(env);
  if (!result.success) {
    const problems = result.error.issues.map(
      (issue) => `  ${issue.path.join(".")}: ${issue.message}`,
    );
    process.stderr.write(`The configuration is not usable:\n${problems.join("\n")}\n`);
    process.exit(2);
  }
  if (process.argv.includes("--print-config")) {
    process.stdout.write(`${JSON.stringify(result.data, null, 2)}\n`);
    process.exit(0);
  }
  return result.data;
}

/** `host:port`; port 0 lets the kernel choose, and the process announces what it got. */
export const address = z
  .string()
  .regex(/^[^:\s]+:\d{1,5}$/, "must be host:port, for example 127.0.0.1:7000");

/** One of the two places a version can be deployed in. */
export const slot = z.enum(["blue", "green"]);

/** A whole number within bounds, written as a decimal. */
export const integer = (minimum: number, maximum: number) =>
  z.coerce.number().int().min(minimum).max(maximum);

/** `1`/`true` or `0`/`false`. */
export const flag = z.enum(["0", "1", "true", "false"]).transform((v) => v === "1" || v === "true");
