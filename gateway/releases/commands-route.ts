import { z } from "zod";
import { type Rollout, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { StartRolloutRequest } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { SlotTraffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { type StrategyName, strategies } from "#kit/releases/words.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { type Route, sendJson } from "../http-server.ts";
import { readJson } from "../read-json.ts";
import type { RolloutClient } from "./read-rollouts.ts";
import type { Releases } from "./releases.ts";
import { rolloutView } from "./to-view.ts";

/** A start may have to look at a bundle. */
const TIMEOUT_MS = 10_000;

const text = (most: number) => z.string().trim().min(1, "is required").max(most);
const named = { who: text(100), why: text(1000) };
const decision = z.object(named);
const start = z.object({
  ...named,
  /** Chosen by the page; the same again is the same rollout. */
  requestId: text(100),
  service: text(50),
  version: text(64),
  strategy: z.enum(Object.keys(strategies) as [StrategyName, ...StrategyName[]]),
  bySegment: z.boolean().default(false),
});
const weight = z.int().min(0).max(10_000);
const shift = z.object({
  ...named,
  /** Of the traffic that the person has seen. */
  revision: z.int().min(0),
  /** Basis points; together 10 000. */
  blue: weight,
  green: weight,
});

const verbs = ["pause", "resume", "promote", "abort"] as const;
type Verb = (typeof verbs)[number];

/**
 * What an operator may do to releases, on the console's port alone; each names who does it and why, for the log.
 *
 * `POST /api/rollouts` starts one, `POST /api/rollouts/{id}/{pause|resume|promote|abort}` decides about one,
 * `POST /api/traffic/{service}` shifts traffic by hand. Errors are the rollout service's own.
 */
export function commandsRoute(dependencies: {
  readonly client: RolloutClient;
  readonly releases: Releases;
}): Route {
  const { client, releases } = dependencies;
  const options = { timeoutMs: TIMEOUT_MS };

  async function run(path: string, request: Parameters<typeof readJson>[0]) {
    if (path === "/api/rollouts") {
      const { strategy, ...wanted } = await readJson(request, start);
      return answerOf(
        await client.startRollout(
          StartRolloutRequest.fromPartial({
            ...wanted,
            strategy: strategies[strategy] ?? Strategy.UNSPECIFIED,
          }),
          options,
        ),
      );
    }
    const [, service] = /^\/api\/traffic\/([^/]+)$/.exec(path) ?? [];
    if (service !== undefined) return shiftTraffic(service, await readJson(request, shift));
    const [, rolloutId = "", verb] = /^\/api\/rollouts\/([^/]+)\/(\w+)$/.exec(path) ?? [];
    if (!isVerb(verb)) return undefined;
    return decide(verb, { rolloutId, ...(await readJson(request, decision)) });
  }

  async function decide(verb: Verb, request: { rolloutId: string; who: string; why: string }) {
    if (verb === "pause") return answerOf(await client.pauseRollout(request, options));
    if (verb === "resume") return answerOf(await client.resumeRollout(request, options));
    if (verb === "promote") return answerOf(await client.promoteRollout(request, options));
    return answerOf(await client.abortRollout(request, options));
  }

  async function shiftTraffic(service: string, wanted: z.output<typeof shift>) {
    const { revision, blue, green, who, why } = wanted;
    const stored = releases.traffic(service);
    if (!stored) throw new MeshError("NOT_FOUND", `there is no traffic of ${service}`);
    const slot = (of: SlotTraffic | undefined, share: number) =>
      SlotTraffic.create({ ...of, weight: share });
    const traffic = {
      ...stored,
      blue: slot(stored.blue, blue),
      green: slot(stored.green, green),
      revision: BigInt(revision), // the service refuses it when it is not the stored one
    };
    const { traffic: after } = await client.setTraffic({ traffic, who, why }, options);
    return { revision: Number(after?.revision ?? 0) };
  }

  return async ({ request, response, url }) => {
    try {
      const answer = await run(url.pathname, request);
      if (answer === undefined) return false;
      sendJson(response, answer);
      return true;
    } finally {
      releases.refresh();
    }
  };
}

function answerOf({ rollout }: { rollout: Rollout | undefined }) {
  return { rollout: rollout ? rolloutView(rollout) : null };
}

function isVerb(text: string | undefined): text is Verb {
  return verbs.some((verb) => verb === text);
}
