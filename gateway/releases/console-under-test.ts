// The console's port with a rollout service that a test scripts, over real gRPC and HTTP.
import { request } from "node:http";
import { onTestFinished } from "vitest";
import { Rollout, RolloutState, Strategy, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { handle, type RpcServer, serve } from "#kit/rpc/server.ts";
import { firstTraffic } from "#kit/traffic/traffic.ts";
import { guardConsole } from "../console-guard.ts";
import { silent } from "../gateway-under-test.ts";
import { type HttpServer, listen } from "../http-server.ts";
import { commandsRoute } from "./commands-route.ts";
import { createReadRollouts } from "./read-rollouts.ts";
import { openReleases, type Releases } from "./releases.ts";
import { rolloutsRoute } from "./rollouts-route.ts";

export interface ConsoleUnderTest {
  readonly address: string;
  readonly releases: Releases;
  /** What the rollout service answers with. */
  readonly rollouts: Rollout[];
  /** What it was asked to change: the method and its request. */
  readonly asked: { readonly method: string; readonly request: unknown }[];
  /** Its next change fails with this. */
  refuse(error: MeshError): void;
  /** Ends the rollout service; `serveAgain` brings it back at the same address. */
  stopServing(): Promise<void>;
  serveAgain(): Promise<void>;
  /** Calls of ListRollouts so far. */
  lists(): number;
}

/** Starts it; everything ends with the test. */
export async function startConsole(options: { hosts?: string[] } = {}): Promise<ConsoleUnderTest> {
  const rollouts: Rollout[] = [];
  const asked: ConsoleUnderTest["asked"] = [];
  let refusal: MeshError | undefined;
  let lists = 0;
  const change = (method: string, request: unknown) => {
    asked.push({ method, request });
    const error = refusal;
    refusal = undefined;
    if (error) throw error;
  };
  const decide = (method: string) => (request: { rolloutId: string }) => {
    change(method, request);
    return { rollout: rollouts.find(({ rolloutId }) => rolloutId === request.rolloutId) };
  };
  const service = handle(RolloutServiceDefinition, {
    startRollout(request) {
      change("start", request);
      return { rollout: aRollout({ rolloutId: `${request.service}-${request.version}-1` }) };
    },
    getRollout({ rolloutId }) {
      const rollout = rollouts.find((one) => one.rolloutId === rolloutId);
      if (!rollout) throw new MeshError("NOT_FOUND", `there is no rollout ${rolloutId}`);
      return { rollout };
    },
    listRollouts({ service, pageSize }) {
      lists++;
      const of = rollouts.filter((one) => service === "" || one.service === service);
      return { rollouts: of.slice(0, pageSize), nextPageToken: "" };
    },
    async *watchRollout() {},
    pauseRollout: decide("pause"),
    resumeRollout: decide("resume"),
    promoteRollout: decide("promote"),
    abortRollout: decide("abort"),
    getTraffic: () => ({ traffic: [] }),
    setTraffic(request) {
      change("traffic", request);
      return { traffic: request.traffic, acknowledgedBy: [], laggards: [] };
    },
  });
  let server: RpcServer = await serve([service], { listen: "127.0.0.1:0", log: silent });
  const { address: rpc } = server;
  const client = createClient(RolloutServiceDefinition, rpc);
  const releases = openReleases({
    readRollouts: createReadRollouts(client),
    readEnvoy: undefined,
    admin: undefined,
    log: silent,
  });
  releases.trafficChanged({ ...firstTraffic("tip"), revision: 7n });
  const http: HttpServer = await listen(
    [rolloutsRoute({ client, releases, modelsDir: "models" })],
    {
      listen: "127.0.0.1:0",
      guard: guardConsole({ hosts: options.hosts ?? [] }),
      commands: [commandsRoute({ client, releases })],
      log: silent,
    },
  );
  onTestFinished(async () => {
    releases.stop();
    client.close();
    await Promise.all([http.close(), server.close(0)]);
  });
  return {
    address: http.address,
    releases,
    rollouts,
    asked,
    refuse(error) {
      refusal = error;
    },
    stopServing: () => server.close(0),
    async serveAgain() {
      server = await serve([service], { listen: rpc, log: silent });
    },
    lists: () => lists,
  };
}

/** A canary of tip in its first stage. */
export function aRollout(change: Partial<Rollout> = {}): Rollout {
  return {
    ...Rollout.create(),
    rolloutId: "tip-v2-1",
    service: "tip",
    candidateVersion: "v2",
    candidateSlot: "green",
    liveVersion: "v1",
    strategy: Strategy.CANARY,
    currentStage: 1,
    state: RolloutState.RUNNING,
    verdict: Verdict.CONTINUE,
    createTime: new Date("2026-01-01T00:00:00Z"),
    ...change,
  };
}

/** The gate whose numbers are the curve. */
export function errorGate(n: number, relative = 0.01) {
  return {
    gate: "realised error",
    verdict: Verdict.CONTINUE,
    because: "",
    numbers: {
      n,
      relative,
      relativeLower: n < 2 ? Number.NEGATIVE_INFINITY : relative - 1 / n,
      relativeUpper: n < 2 ? Number.POSITIVE_INFINITY : relative + 1 / n,
      margin: 0.02,
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly body: { readonly code?: number; readonly message?: string } & Record<string, unknown>;
}

/** Sends a request as it is, with any Host. */
export function send(
  address: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const [host, port] = address.split(":");
  const { method = "POST", headers = { "content-type": "application/json" } } = options;
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer["body"] }),
      );
    });
    sent.on("error", reject);
    sent.end(options.body);
  });
}
