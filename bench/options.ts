import { parseArgs } from "node:util";
import type { Plan } from "./measurement.ts";

export interface Options {
  readonly plan: Plan;
  /** Only the measurements with these names; empty: all. */
  readonly only: readonly string[];
  /** Store the results in bench/results.json. */
  readonly write: boolean;
}

/** A window below 2 s would measure the scheduler; see bench/README.md. */
const full: Plan = { rounds: 5, windowMs: 2_500 };
const quick: Plan = { rounds: 3, windowMs: 1_000 };

export function readOptions(args: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const unknown = values.only.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`--only ${unknown}: there are ${known.join(", ")}\n`);
    process.exit(2);
  }
  return { plan: values.quick ? quick : full, only: values.only, write: values.write };
}
