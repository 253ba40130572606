/** Fields whose values never reach a log, by their names: secrets, and who a rider is. */
const secret = [
  "authorization",
  "cookie",
  "password",
  "token",
  "seed",
  "riderId",
  "rider_id",
  "x-rider-id",
  "x-cohort-key", // <salt>:<rider>
] as const;

/** How deep a field is looked for: in the line itself, in an object of it, and in an object of that. */
const DEPTHS = ["", "*.", "*.*."] as const;

/** The same as paths, as pino wants them. */
export const redactedPaths: readonly string[] = DEPTHS.flatMap((depth) =>
  secret.map((name) =>
    /^\w+$/.test(name) ? `${depth}${name}` : `${depth.replace(/\.$/, "")}["${name}"]`,
  ),
);

/** A line whose URLs name no passwords, wherever in the line they stand: an error's message may quote one. */
export function withoutPasswords(line: string): string {
  return line.replace(/(:\/\/[^:@/\s"]*):[^@/\s"]+@/g, "$1:***@");
}
