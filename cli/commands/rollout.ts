import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { strategies } from "#kit/releases/words.ts";
import { readAll } from "../../services/rollout/release-log.ts";
import { callRollout } from "../client/call-rollout.ts";
import { connectToStream } from "../client/connect-to-stream.ts";
import {
  type RolloutFlags,
  rolloutOf,
  type StreamFlags,
  streamOf,
  withRolloutTarget,
  withStreamTarget,
} from "../client/target.ts";
import { entryLines, rolloutCells, rolloutColumns, rolloutLines } from "../output/rollout-text.ts";
import { renderTable } from "../output/table.ts";
import { Problem } from "../problem.ts";
import { isTerminal } from "../rollout/live/screen.ts";
import { watchLive } from "../rollout/live/watch-live.ts";
import { parsePlan } from "../rollout/plan.ts";
import { oneOf } from "./arguments.ts";
import type { CommandContext } from "./context.ts";
import { reportCommand } from "./rollout-report.ts";
import { withWho } from "./who.ts";

/** Time for one answer, ms: a start may have to look at a bundle. */
const TIMEOUT_MS = 10_000;
const WATCH_MS = 20 * 86_400_000; // longer does not fit into a timer
const EVERY_LOOK = "without a terminal or as JSON: also looks that changed a number, one a second";

interface StartFlags extends RolloutFlags {
  strategy?: keyof typeof strategies;
  plan?: string;
  bySegment?: true;
  requestId?: string;
  who: string;
  why: string;
  detach?: true;
  everyLook?: true;
  json?: true;
}

type WatchFlags = RolloutFlags & Pick<StartFlags, "everyLook" | "json">;

/** `mesh rollout`: takes versions live, step by step. */
export function rolloutCommand(context: CommandContext): Command {
  return new Command("rollout")
    .description("take a version live in stages, judged on finished trips")
    .addCommand(startCommand(context))
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(watchCommand(context))
    .addCommand(reportCommand(context))
    .addCommand(decideCommand(context, "pause", "stop deciding; weights stay, a FAIL still acts"))
    .addCommand(decideCommand(context, "resume", "let a paused or held rollout go on"))
    .addCommand(decideCommand(context, "promote", "make the candidate live now"))
    .addCommand(decideCommand(context, "abort", "take the candidate away now"));
}

function startCommand(context: CommandContext): Command {
  return withWho(withRolloutTarget(new Command("start")))
    .description("start a rollout and watch it")
    .argument("<service>", "duration, dynamic-duration, tip or cost")
    .argument("<version>", "a bundle of it, see mesh models list")
    .addOption(
      new Option("--strategy <name>", Object.keys(strategies).join(", ")).argParser(
        oneOf(...(Object.keys(strategies) as (keyof typeof strategies)[])),
      ),
    )
    .option("--plan <file>", "stages and requirements as YAML, see docs/releases.md")
    .option("--by-segment", "A/B: riders with x-segment b get the candidate, instead of by hash")
    .option("--request-id <id>", "the same id again is the same rollout (default: a new one)")
    .option("--detach", "do not watch it")
    .option("--every-look", EVERY_LOOK)
    .option("--json", "each change as JSON")
    .addHelpText(
      "after",
      `
Examples:
  mesh rollout start duration v2 --strategy canary
  mesh rollout start tip v2 --strategy shadow --why "the new tips, first look"
  mesh rollout start duration v2 --plan slow-canary.yaml --detach`,
    )
    .action(async (service: string, version: string, flags: StartFlags) => {
      if (flags.strategy === undefined && flags.plan === undefined) {
        throw new Problem("Say how: --strategy NAME or --plan FILE.", { exitCode: 2 });
      }
      const plan =
        flags.plan === undefined
          ? { stages: [], requirements: undefined, strategy: undefined }
          : parsePlan(await readFile(resolve(context.cwd, flags.plan), "utf8"), flags.plan);
      const strategy = flags.strategy ?? plan.strategy;
      const { rollout } = await callRollout(rolloutOf(flags, context), (rollouts) =>
        rollouts.startRollout(
          {
            requestId: flags.requestId ?? randomUUID(),
            service,
            version,
            strategy: strategy === undefined ? strategies.canary : strategies[strategy],
            stages: plan.stages,
            requirements: plan.requirements,
            bySegment: flags.bySegment ?? false,
            who: flags.who,
            why: flags.why,
          },
          { timeoutMs: TIMEOUT_MS },
        ),
      );
      if (!rollout) return;
      if (flags.detach) printRollout(rollout, flags, context);
      else await watch(rollout.rolloutId, flags, context);
    });
}

function listCommand(context: CommandContext): Command {
  return withRolloutTarget(new Command("list"))
    .description("rollouts, newest first")
    .option("--service <name>", "only of this service", "")
    .option("--json", "one object a line")
    .action(async (flags: RolloutFlags & { service: string; json?: true }) => {
      const { rollouts } = await callRollout(rolloutOf(flags, context), (client) =>
        client.listRollouts(
          { service: flags.service, pageSize: 100, pageToken: "" },
          { timeoutMs: TIMEOUT_MS },
        ),
      );
      if (flags.json) {
        for (const one of rollouts) context.print(JSON.stringify(Rollout.toJSON(one)));
      } else if (rollouts.length === 0) context.print("No rollouts.");
      else {
        for (const line of renderTable(rolloutColumns, rollouts.map(rolloutCells))) {
          context.print(line);
        }
      }
    });
}

function showCommand(context: CommandContext): Command {
  return withStreamTarget(new Command("show"))
    .description("the log of a rollout, from the event stream: who did what, when and why")
    .argument("<rollout>", "its id; `traffic` for changes by hand")
    .option("--json", "one entry a line")
    .action(async (rolloutId: string, flags: StreamFlags & { json?: true }) => {
      const events = await connectToStream(streamOf(flags, context));
      let count = 0;
      try {
        for await (const { entry } of readAll(events, rolloutId)) {
          count++;
          if (flags.json) context.print(JSON.stringify(ReleaseEntry.toJSON(entry)));
          else for (const line of entryLines(entry)) context.print(line);
        }
      } finally {
        await events.close();
      }
      if (count === 0)
        throw new Problem(`There is no rollout ${rolloutId}: see mesh rollout list.`);
    });
}

function watchCommand(context: CommandContext): Command {
  return withRolloutTarget(new Command("watch"))
    .description("watch a rollout until it has ended; Ctrl-C leaves it alone")
    .argument("<rollout>", "its id")
    .option("--every-look", EVERY_LOOK)
    .option("--json", "each change as JSON")
    .action((rolloutId: string, flags: WatchFlags) => watch(rolloutId, flags, context));
}

type Verb = "pause" | "resume" | "promote" | "abort";

function decideCommand(context: CommandContext, verb: Verb, description: string): Command {
  return withWho(withRolloutTarget(new Command(verb)))
    .description(description)
    .argument("<rollout>", "its id")
    .option("--json", "the rollout as JSON")
    .action(
      async (
        rolloutId: string,
        flags: RolloutFlags & { who: string; why: string; json?: true },
      ) => {
        const request = { rolloutId, who: flags.who, why: flags.why || `asked by ${flags.who}` };
        const options = { timeoutMs: TIMEOUT_MS };
        const { rollout } = await callRollout(rolloutOf(flags, context), (client) => {
          if (verb === "pause") return client.pauseRollout(request, options);
          if (verb === "resume") return client.resumeRollout(request, options);
          if (verb === "promote") return client.promoteRollout(request, options);
          return client.abortRollout(request, options);
        });
        if (rollout) printRollout(rollout, flags, context);
      },
    );
}

/** A picture on a terminal; elsewhere the lines of each change, or JSON. */
async function watch(rolloutId: string, flags: WatchFlags, context: CommandContext): Promise<void> {
  if (!flags.json && isTerminal(context.stdout, context.env)) {
    return watchLive(rolloutId, { address: () => rolloutOf(flags, context), context });
  }
  const everyLook = flags.everyLook ?? false;
  await callRollout(rolloutOf(flags, context), async (client) => {
    let shown = "";
    for await (const { rollout } of client.watchRollout(
      { rolloutId, everyLook },
      { timeoutMs: WATCH_MS },
    )) {
      if (!rollout) continue;
      if (flags.json) {
        context.print(JSON.stringify(Rollout.toJSON(rollout)));
        continue;
      }
      const lines = rolloutLines(rollout);
      if (lines.join("\n") === shown) continue;
      shown = lines.join("\n");
      context.print(`— ${(rollout.lookTime ?? rollout.updateTime)?.toISOString() ?? ""}`);
      for (const line of lines) context.print(line);
    }
  });
}

function printRollout(
  rollout: Rollout,
  { json }: { json?: true },
  { print }: CommandContext,
): void {
  if (json) print(JSON.stringify(Rollout.toJSON(rollout)));
  else for (const line of rolloutLines(rollout)) print(line);
}
