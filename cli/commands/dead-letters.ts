import { Command } from "commander";
import { DeadLetter } from "#gen/tripmesh/events/v1/dead_letter.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import { connectToStream } from "../client/connect-to-stream.ts";
import { type StreamFlags, streamOf, withStreamTarget } from "../client/target.ts";
import { type Filter, matches } from "../dead-letters/filter.ts";
import { readDeadLetters, type StoredLetter } from "../dead-letters/read.ts";
import { replayLetter } from "../dead-letters/replay.ts";
import { renderPairs, renderTable } from "../output/table.ts";
import { Problem } from "../problem.ts";
import { oneOf, timeSpan, wholeNumber } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Target extends StreamFlags {
  json?: true;
}

interface Filters extends Target {
  service?: string;
  slot?: string;
  trip?: string;
  reason?: string;
  since?: number;
  state: "waiting" | "replayed" | "all";
}

/** `mesh dead-letters`: events that a consumer could not answer. */
export function deadLettersCommand(context: CommandContext): Command {
  return new Command("dead-letters")
    .description("list, show and replay events that could not be answered")
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(replayCommand(context));
}

function listCommand(context: CommandContext): Command {
  return withFilters(withTarget(new Command("list")), "all")
    .description("list the events that were given up")
    .addHelpText(
      "after",
      "\nExamples:\n  mesh dead-letters list\n  mesh dead-letters list --service tip --since 1h --state waiting",
    )
    .action((flags: Filters) =>
      withStream(context, flags, async (events) => {
        const letters = await read(events, toFilter(flags));
        if (flags.json) {
          for (const letter of letters) context.print(JSON.stringify(toJson(letter)));
          return;
        }
        if (letters.length === 0) return context.print("No dead letters.");
        for (const line of listLines(letters)) context.print(line);
      }),
    );
}

function showCommand(context: CommandContext): Command {
  return withTarget(new Command("show"))
    .description("show one with its body")
    .argument("<id>", "its number in the list", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addHelpText("after", "\nExample:\n  mesh dead-letters show 3")
    .action((id: number, flags: Target) =>
      withStream(context, flags, async (events) => {
        const [letter] = await read(events, { ids: [id] });
        if (!letter)
          throw new Problem(`There is no dead letter ${id}: see mesh dead-letters list.`);
        if (flags.json) return context.print(JSON.stringify(toJson(letter), null, 2));
        for (const line of letterLines(letter)) context.print(line);
      }),
    );
}

function replayCommand(context: CommandContext): Command {
  return withFilters(withTarget(new Command("replay")), "waiting")
    .description("send dead letters again, each to the consumer that failed on it")
    .argument("[ids...]", "numbers in the list")
    .option("--all", "every one that matches the filters, without ids")
    .option("--dry-run", "say what would be sent, and send nothing")
    .addHelpText(
      "after",
      `
Those that were sent again already are left out unless --state all is given. A replayed event takes effect once.

Examples:
  mesh dead-letters replay 3 4
  mesh dead-letters replay --all --service tip --dry-run`,
    )
    .action((ids: readonly string[], flags: Filters & { all?: true; dryRun?: true }) =>
      withStream(context, flags, async (events) => {
        const wanted = ids.map(wholeNumber(1, Number.MAX_SAFE_INTEGER));
        if ((wanted.length === 0) !== (flags.all === true)) {
          throw new Problem("Name the dead letters, or give --all.", { exitCode: 2 });
        }
        const letters = await read(events, { ...toFilter(flags), ids: wanted });
        await replay(context, events, letters, flags);
      }),
    );
}

async function replay(
  { print }: CommandContext,
  events: Events,
  letters: readonly StoredLetter[],
  { dryRun, json }: { dryRun?: true; json?: true },
): Promise<void> {
  let sent = 0;
  let refused = 0;
  for (const letter of letters) {
    if (dryRun) {
      print(
        json
          ? JSON.stringify({ id: letter.id, dryRun })
          : `would send ${letter.id}: ${brief(letter)}`,
      );
      continue;
    }
    const result = await replayLetter(events, letter);
    if ("refused" in result) refused++;
    else sent++;
    if (json) print(JSON.stringify(result));
    else if ("refused" in result) print(`not sent ${result.id}: ${result.refused}`);
    else print(`sent ${result.id} to ${result.subject}`);
  }
  if (!json) {
    print(
      dryRun
        ? `${letters.length} would be sent, none was`
        : `${sent} sent, ${refused} not, ${letters.length} matched`,
    );
  }
  if (refused > 0) throw new Problem(`${refused} dead letters could not be sent.`);
}

async function withStream(
  context: CommandContext,
  flags: Target,
  work: (events: Events) => Promise<void>,
): Promise<void> {
  const events = await connectToStream(streamOf(flags, context));
  try {
    await work(events);
  } finally {
    await events.close();
  }
}

async function read(events: Events, filter: Filter): Promise<StoredLetter[]> {
  return (await readDeadLetters(events)).filter((letter) => matches(letter, filter));
}

function withTarget(command: Command): Command {
  return withStreamTarget(command).option("--json", "as JSON");
}

function withFilters(command: Command, state: Filters["state"]): Command {
  return command
    .option("--service <name>", "of one service")
    .option("--slot <slot>", "of one slot", oneOf("blue", "green"))
    .option("--trip <id>", "of one trip")
    .option("--reason <text>", "whose reason contains this")
    .option("--since <time>", "given up within this time, for example 1h", timeSpan)
    .option(
      "--state <state>",
      "waiting, replayed or all",
      oneOf("waiting", "replayed", "all"),
      state,
    );
}

function toFilter({ service, slot, trip, reason, since, state }: Filters): Filter {
  const from = since === undefined ? undefined : new Date(Date.now() - since);
  return { service, slot, trip, reason, since: from, state };
}

function listLines(letters: readonly StoredLetter[]): string[] {
  const columns = ["id", "given up", "consumer", "event", "tries", "state", "reason"];
  const rows = letters.map((letter) => [
    String(letter.id),
    letter.failedAt?.toISOString().slice(0, 19) ?? "",
    `${letter.service}-${letter.slot}`,
    letter.subject,
    String(letter.deliveries),
    letter.replays.length === 0 ? "waiting" : `replayed ${letter.replays.length}×`,
    letter.reason,
  ]);
  const counts = new Map<string, number>();
  for (const { service, slot } of letters) {
    const consumer = `${service}-${slot}`;
    counts.set(consumer, (counts.get(consumer) ?? 0) + 1);
  }
  const sums = [...counts].map(([consumer, count]) => `${consumer} ${count}`).join(", ");
  return [
    ...renderTable(
      columns.map((heading) => ({ heading })),
      rows,
    ),
    "",
    `${letters.length} dead letters: ${sums}`,
  ];
}

function letterLines(letter: StoredLetter): string[] {
  return [
    ...renderPairs([
      ["id", String(letter.id)],
      ["consumer", `${letter.service}-${letter.slot}`],
      ["reason", letter.reason],
      ["event", letter.subject],
      ["original", `${letter.stream}, sequence ${letter.streamSeq}`],
      ["deliveries", String(letter.deliveries)],
      ["given up", letter.failedAt?.toISOString()],
      ["sent again", letter.replays.map((at) => at.toISOString()).join(", ") || "never"],
    ]),
    "",
    JSON.stringify(bodyOf(letter), null, 2),
  ];
}

function brief({ service, slot, subject, reason }: StoredLetter): string {
  return `${subject} to ${service}-${slot} (${reason})`;
}

function toJson(letter: StoredLetter) {
  const { id, tripId, replays } = letter;
  return { id, tripId, replays, ...(DeadLetter.toJSON(letter) as object), body: bodyOf(letter) };
}

/** The event, or its bytes where it is none. */
function bodyOf({ stream, payload }: StoredLetter): unknown {
  try {
    if (stream === streams.trips) return TripEvent.toJSON(TripEvent.decode(payload));
  } catch {
    // what cannot be read is why it is here
  }
  return { bytes: payload.toString("hex") };
}
