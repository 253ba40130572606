// The way from the console to the rollout service.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { handle } from "#kit/rpc/server.ts";
import { serveFor, startTrial, type Trial } from "./trial.ts";

const { listRollouts, watchRollout } = RolloutServiceDefinition.methods;
const Rollouts = { ...RolloutServiceDefinition, methods: { listRollouts, watchRollout } } as const;
const ROLLOUT_TIMEOUT_MS = 1000;

let trial: Trial;
let address: string;
let client: Client<typeof Rollouts>;

beforeAll(async () => {
  trial = await startTrial({ rolloutTimeoutMs: ROLLOUT_TIMEOUT_MS });
  const server = await serveFor(trial, [
    handle(Rollouts, {
      listRollouts: async ({ service }, { signal }) => {
        if (service === "slow") {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        }
        return { rollouts: [], nextPageToken: "answered" };
      },
      async *watchRollout() {
        yield { rollout: undefined };
        await sleep(2 * ROLLOUT_TIMEOUT_MS);
        yield { rollout: undefined };
      },
    }),
  ]);
  address = server.address;
  await trial.deploy("rollout", [address]);
  client = createClient(Rollouts, trial.envoy.mesh);
});

afterAll(async () => {
  client.close();
  await trial.stop();
});

const list = (service: string) =>
  client.listRollouts({ service, pageSize: 0, pageToken: "" }, { timeoutMs: 5_000 });

test("the mesh listener passes calls on to the rollout service", async () => {
  expect((await list("")).nextPageToken).toBe("answered");
});

test("a call is given up after its time, a watched rollout is not", async () => {
  await expect(list("slow")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  let changes = 0;
  const watched = client.watchRollout({ rolloutId: "r", everyLook: false }, { timeoutMs: 10_000 });
  for await (const change of watched) changes += change ? 1 : 0;
  expect(changes).toBe(2);
});

test("without a rollout service a call fails at once", async () => {
  await trial.deploy("rollout", []);
  onTestFinished(() => trial.deploy("rollout", [address]));
  await expect(list("")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("the edge does not know it", async () => {
  const outside = createClient(Rollouts, trial.envoy.edge);
  onTestFinished(() => outside.close());
  await expect(
    outside.listRollouts({ service: "", pageSize: 0, pageToken: "" }, { timeoutMs: 5_000 }),
  ).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
});
