import { join } from "node:path";
import { Command } from "commander";
import { openStored } from "../../gateway/stored.ts";
import { type AreTheInputs, checkAll } from "../../gateway/story/check-inputs.ts";
import { readStory } from "../../gateway/story/read-story.ts";
import type { Saying, TripStory } from "../../gateway/story/story.ts";
import { connectToStream } from "../client/connect-to-stream.ts";
import { type StreamFlags, streamOf, withStreamTarget } from "../client/target.ts";
import { storyLines } from "../output/story-text.ts";
import { Problem } from "../problem.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends StreamFlags {
  json?: true;
}

/** `mesh trip why`: why a trip's estimate changed, read from the streams alone. */
export function tripWhyCommand(context: CommandContext): Command {
  return withStreamTarget(new Command("why"))
    .description(
      "why the estimate changed: each correction, its event, its model and what that was fed",
    )
    .argument("<trip>", "its id")
    .option("--json", "the story as JSON")
    .addHelpText(
      "after",
      `
Only what the rider was shown; mesh events tail --trip shows shadows as well.

Examples:
  mesh trip why 6f1b…
  mesh trip why 6f1b… --json | jq '.chapters[].sayings[] | [.service, .value, .changedInputs]'`,
    )
    .action(async (tripId: string, flags: Flags) => {
      const story = await findStory(tripId, streamOf(flags, context));
      const proofs = await checkAll(join(context.root, "models"), story);
      if (flags.json) {
        context.print(JSON.stringify(withProofs(story, proofs)));
        return;
      }
      for (const line of storyLines(story, (saying) => proofs.get(saying))) context.print(line);
    });
}

async function findStory(
  tripId: string,
  stream: Parameters<typeof connectToStream>[0],
): Promise<TripStory> {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(tripId)) throw new Problem(`${tripId} is no trip's id.`);
  const events = await connectToStream(stream);
  try {
    const story = await readStory(await openStored(events), tripId);
    if (!story) throw new Problem(`The streams hold no trip ${tripId}.`);
    return story;
  } finally {
    await events.close();
  }
}

function withProofs(story: TripStory, proofs: ReadonlyMap<Saying, AreTheInputs>): object {
  return {
    ...story,
    chapters: story.chapters.map((chapter) => ({
      ...chapter,
      sayings: chapter.sayings.map((saying) => ({
        ...saying,
        areTheInputs: proofs.get(saying) ?? null,
      })),
    })),
  };
}
