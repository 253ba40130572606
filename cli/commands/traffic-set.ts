import { isDeepStrictEqual } from "node:util";
import { Argument, Command, Option } from "commander";
import { SetTrafficResponse } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { type ModelService, modelServices, type Slot, slots } from "#kit/traffic/traffic.ts";
import { askEnvoy } from "../client/ask-envoy.ts";
import { callRollout, type RolloutClient } from "../client/call-rollout.ts";
import {
  dataDirOf,
  envoyOption,
  type RolloutFlags,
  rolloutOf,
  withRolloutTarget,
} from "../client/target.ts";
import { changeLines } from "../output/traffic-change-text.ts";
import { overrideLines } from "../output/traffic-text.ts";
import { Problem } from "../problem.ts";
import { trafficKeysOf } from "../traffic/compare.ts";
import { type Shares, type TrafficChange, wantedTraffic } from "../traffic/wanted.ts";
import { readMeshFile } from "../up/mesh-file.ts";
import { share, slotShare, wholeNumber } from "./arguments.ts";
import type { CommandContext } from "./context.ts";
import { withWho } from "./who.ts";

interface Flags extends RolloutFlags {
  blue?: number;
  green?: number;
  mirror?: Shares;
  segment?: Shares | "none";
  revision?: number;
  who: string;
  why: string;
  envoy?: string;
  json?: true;
}

/** Envoy has two seconds to acknowledge, and looking for healthy instances takes a few as well. */
const TIMEOUT_MS = 20_000;

const HELP = `
What is not named stays as it is; of two weights the one that is not named gets the rest. Versions are put into slots by
a rollout, never here. It is refused while a rollout of the service is under way, for a slot without a healthy instance,
and when somebody else has changed the traffic meanwhile.

Examples:
  mesh traffic set duration --green 5% --why "a look at the warm version"
  mesh traffic set duration --blue 100% --why "back to the old version"
  mesh traffic set tip --mirror green=100% --why "copies for v2"
  mesh traffic set duration --segment green=100% --why "the testers have the new one"
  mesh traffic set duration --segment none --why "the test is over"`;

/** `mesh traffic set`: shares a service's traffic by hand. */
export function setCommand(context: CommandContext): Command {
  return withWho(withRolloutTarget(new Command("set")))
    .description("share a service's traffic by hand, while no rollout of it is under way")
    .addArgument(new Argument("<service>", "the service").choices(modelServices))
    .option("--blue <share>", "riders whose answer comes from blue, like 95%", share)
    .option("--green <share>", "riders whose answer comes from green, like 5%", share)
    .addOption(
      new Option(
        "--mirror <slot=share>",
        "copies of the other slot's requests, like green=100%; 0% ends it",
      ).argParser(slotShare),
    )
    .addOption(
      new Option(
        "--segment <slot=share>",
        "riders of segment b, like green=100%, or none: like all others",
      ).argParser((text: string, before: Shares | "none" = {}) =>
        text === "none" ? "none" : slotShare(text, before === "none" ? {} : before),
      ),
    )
    .option(
      "--revision <number>",
      "only if the stored revision is this one, see mesh traffic get --json",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .addOption(envoyOption())
    .option("--json", "before, after, and who acknowledged, as one JSON object")
    .addHelpText("after", HELP)
    .action((service: ModelService, flags: Flags) => set(service, flags, context));
}

async function set(service: ModelService, flags: Flags, context: CommandContext): Promise<void> {
  const change = changeOf(flags);
  if (flags.why === "") throw new Problem("Say why: --why TEXT, for the log.", { exitCode: 2 });
  const { before, after } = await callRollout(rolloutOf(flags, context), (client) =>
    setWith(client, { service, change, ...flags }),
  );
  if (flags.json) {
    const answer = { before: Traffic.toJSON(before), after: SetTrafficResponse.toJSON(after) };
    context.print(JSON.stringify(answer));
    return;
  }
  for (const line of changeLines(before, after)) context.print(line);
  for (const line of await overridesOf(service, flags, context)) context.print(line);
}

type Wish = Pick<Flags, "who" | "why" | "revision"> & {
  readonly service: ModelService;
  readonly change: TrafficChange;
};

async function setWith(client: RolloutClient, { service, change, who, why, revision }: Wish) {
  const options = { timeoutMs: TIMEOUT_MS };
  const [before] = (await client.getTraffic({ service }, options)).traffic;
  if (!before) throw new Problem(`The rollout service knows no traffic of ${service}.`);
  const wanted = wantedTraffic(before, change);
  if (isDeepStrictEqual(wanted, before) && revision === undefined) {
    return { before, after: SetTrafficResponse.fromPartial({ traffic: before }) };
  }
  const from = revision === undefined ? before.revision : BigInt(revision);
  const traffic = { ...wanted, revision: from };
  return { before, after: await client.setTraffic({ traffic, who, why }, options) };
}

/** What is set by hand in Envoy hides the change from riders; where no Envoy answers, nothing is said of it. */
async function overridesOf(
  service: ModelService,
  flags: Flags,
  context: CommandContext,
): Promise<string[]> {
  const running = flags.rollout === undefined ? readMeshFile(dataDirOf(flags, context)) : undefined;
  const admin = flags.envoy ?? running?.admin;
  const { envoy } = await askEnvoy(admin);
  const keys = trafficKeysOf(service).filter((key) => envoy?.overrides.includes(key));
  return admin === undefined ? [] : overrideLines(keys, admin);
}

function changeOf({ blue, green, mirror = {}, segment }: Flags): TrafficChange {
  const weights = Object.fromEntries(
    slots.flatMap((slot): [Slot, number][] => {
      const weight = { blue, green }[slot];
      return weight === undefined ? [] : [[slot, weight]];
    }),
  );
  const isNothing = Object.keys(weights).length + Object.keys(mirror).length === 0;
  if (isNothing && segment === undefined) {
    throw new Problem("Say what: --blue, --green, --mirror or --segment.", { exitCode: 2 });
  }
  return { weights, mirrors: mirror, segments: segment };
}
