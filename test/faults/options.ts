import { parseArgs } from "node:util";
import { faults } from "./faults.ts";
import { type Topology, topologies } from "./stage.ts";

export interface Options {
  /** How many runs in all; the faults take turns. */
  readonly runs: number;
  /** The first run's seed; the next ones count up. */
  readonly seed: number;
  /** Names, or parts of names, of the faults to choose from; empty: all. */
  readonly only: readonly string[];
  readonly topologies: readonly Topology[];
  /** Consumers that acknowledge before they store: the checker has to notice. */
  readonly broken: boolean;
  /** Put the table into docs/reliability.md. */
  readonly write: boolean;
  readonly json: boolean;
}

const usage = `npm run faults -- [options]

  --runs N           runs in all, the faults take turns (default: each fault five times)
  --seed N           seed of the first run, counting up (default 1); with --only and --runs 1 a run again
  --only TEXT        only faults whose name contains it; may be repeated
  --topology NAME    only ${topologies.join(", ")}; may be repeated
  --broken           consumers acknowledge before they store; done well when the checker notices
  --write            put the table into docs/reliability.md
  --list             name the faults
  --json             one object a run
`;

/** Reads the command line; ends the process where it only asked something or asked wrongly. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  if (values.help) end(0, usage);
  if (values.list) {
    end(0, faults.map(({ name, topology }) => `${topology.padEnd(11)} ${name}\n`).join(""));
  }
  const number = (text: string | undefined, fallback: number, name: string) => {
    const value = text === undefined ? fallback : Number(text);
    if (Number.isSafeInteger(value) && value > 0) return value;
    return end(2, `--${name} must be a whole number above 0\n`);
  };
  const chosen = (values.topology ?? []).map(
    (name) =>
      topologies.find((known) => known === name) ?? end(2, `--topology: there is no ${name}\n`),
  );
  return {
    runs: number(values.runs, 5 * faults.length, "runs"),
    seed: number(values.seed, 1, "seed"),
    only: values.only ?? [],
    topologies: chosen.length > 0 ? chosen : topologies,
    broken: values.broken ?? false,
    write: values.write ?? false,
    json: values.json ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        runs: { type: "string" },
        seed: { type: "string" },
        only: { type: "string", multiple: true },
        topology: { type: "string", multiple: true },
        broken: { type: "boolean" },
        write: { type: "boolean" },
        list: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    return end(2, `${cause instanceof Error ? cause.message : cause}\n\n${usage}`);
  }
}

function end(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}
