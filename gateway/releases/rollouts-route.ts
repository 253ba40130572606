import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { modelServices } from "#kit/traffic/traffic.ts";
import { type Route, sendError, sendJson } from "../http-server.ts";
import type { RolloutClient } from "./read-rollouts.ts";
import type { Releases } from "./releases.ts";
import { rolloutView } from "./to-view.ts";
import type { Bundles, RolloutDetail } from "./view.ts";

const TIMEOUT_MS = 5_000;

/** `GET /api/rollouts/{id}`: one rollout with its curve. `GET /api/bundles`: the versions that there are. */
export function rolloutsRoute(dependencies: {
  readonly client: RolloutClient;
  readonly releases: Releases;
  readonly modelsDir: string;
}): Route {
  const { client, releases, modelsDir } = dependencies;
  return async ({ response, url }) => {
    if (url.pathname === "/api/bundles") {
      sendJson(response, await findBundles(modelsDir));
      return true;
    }
    const [, rolloutId] = /^\/api\/rollouts\/([^/]+)$/.exec(url.pathname) ?? [];
    if (rolloutId === undefined) return false;
    const { rollout } = await client.getRollout({ rolloutId }, { timeoutMs: TIMEOUT_MS });
    if (!rollout) {
      sendError(response, "NOT_FOUND", `there is no rollout ${rolloutId}`);
      return true;
    }
    const detail: RolloutDetail = {
      rollout: rolloutView(rollout),
      curve: releases.curveOf(rollout),
    };
    sendJson(response, detail);
    return true;
  };
}

/** The folders below `models/`; whether a bundle is sound is the rollout service's to say. */
async function findBundles(modelsDir: string): Promise<Bundles> {
  const found = await Promise.all(
    modelServices.map(async (service) => {
      const entries = await readdir(join(modelsDir, service), { withFileTypes: true });
      const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
      return [service, names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))];
    }),
  );
  return Object.fromEntries(found) as Bundles;
}
