import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { createStyle } from "../output/style.ts";
import { GREEN_OFFSET } from "../up/ports.ts";
import { runUp } from "../up/run.ts";
import {
  number,
  oneOf,
  postgresUrl,
  speed,
  syncInterval,
  timeSpan,
  wholeNumber,
} from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags {
  trips?: string;
  speed: number | "max";
  ports: "default" | "auto";
  dataDir?: string;
  database?: string;
  for?: number;
  replay: boolean;
  exitAfterReplay?: true;
  tripLimit?: number;
  consumers: number;
  syncInterval: string;
  keepWarm: number;
  traceRate: number;
  metrics?: true;
  verbose?: true;
  json?: true;
}

/** `mesh up`: the whole mesh on this machine. */
export function upCommand(context: CommandContext): Command {
  return new Command("up")
    .description("start the whole mesh on this machine and keep it running until Ctrl-C")
    .option("--trips <path>", "trips to replay: a parquet file, a folder of them, or `demo`")
    .option("--speed <factor>", "simulated seconds a second, or `max`", speed, 60)
    .option(
      "--ports <which>",
      "`auto`: free ports, printed as JSON",
      oneOf("default", "auto"),
      "default",
    )
    .option("--data-dir <path>", "where trips, streams and logs are kept (default: .mesh)")
    .addOption(
      new Option("--database <url>", "postgres://… for the trips (default: SQLite in the data dir)")
        .env("MESH_DATABASE")
        .argParser(postgresUrl),
    )
    .option("--for <time>", "stop by itself after so long, for example 5m", timeSpan)
    .option("--no-replay", "replay no trips")
    .option("--exit-after-replay", "stop by itself when the replay has come to its end")
    .option("--trip-limit <count>", "replay at most so many trips", wholeNumber(1, 1_000_000_000))
    .option(
      "--consumers <count>",
      "processes of each event consumer",
      wholeNumber(1, GREEN_OFFSET),
      1,
    )
    .addOption(
      new Option(
        "--sync-interval <time>",
        "how long acknowledged events may be kept from the disk, or `always` to wait for it",
      )
        .env("MESH_SYNC_INTERVAL")
        .default("1s")
        .argParser(syncInterval),
    )
    .option(
      "--keep-warm <time>",
      "how long the old slot stays warm after a promotion",
      timeSpan,
      60_000,
    )
    .addOption(
      new Option(
        "--trace-rate <share>",
        "share of the replayed trips whose traces are recorded, 0 to 1; your own requests always are",
      )
        .env("MESH_TRACE_RATE")
        .default(0.02)
        .argParser(number(0, 1)),
    )
    .option(
      "--metrics",
      "every process serves its metrics; where is in metrics-targets.json of the data dir, for Prometheus",
    )
    .option("--verbose", "show every line of every process, not only warnings and progress")
    .option("--json", "log lines and addresses as JSON")
    .addHelpText(
      "after",
      `
Examples:
  mesh up                                   real trips at 60 times the speed
  mesh up --trips demo --speed 300          synthetic trips, nothing to download
  mesh up --no-replay                       only your own requests
  mesh up --ports auto --data-dir /tmp/b    a second mesh beside the first
  mesh up --trip-limit 200 --exit-after-replay --json`,
    )
    .action(async (flags: Flags) => {
      const { root, cwd, env, signals, stdout, print } = context;
      const { trips } = flags;
      await runUp(
        {
          root,
          cwd,
          dataDir: flags.dataDir === undefined ? join(root, ".mesh") : resolve(cwd, flags.dataDir),
          database: flags.database,
          trips: trips === undefined || trips === "demo" ? trips : resolve(cwd, trips),
          speed: flags.speed,
          autoPorts: flags.ports === "auto",
          forMs: flags.for,
          replay: flags.replay,
          exitAfterReplay: flags.exitAfterReplay ?? false,
          tripLimit: flags.tripLimit,
          consumers: flags.consumers,
          syncInterval: flags.syncInterval,
          keepWarmSeconds: Math.round(flags.keepWarm / 1000),
          traceRate: flags.traceRate,
          metrics: flags.metrics ?? false,
          json: flags.json ?? false,
          verbose: flags.verbose ?? false,
        },
        { env, signals, style: createStyle(stdout, env), print },
      );
    });
}
