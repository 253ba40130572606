// A full house at the edge: more streams at once than the limits that Envoy has by itself.
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { createClient } from "#kit/rpc/client.ts";
import { until } from "../test/harness/until.ts";
import { serveBackend, serveGateway } from "./canned.ts";
import { startTrial, type Trial } from "./trial.ts";

const STREAMS = 2000; // as many as a gateway takes by default; each may be a WatchTrip on its one connection

let trial: Trial;
beforeAll(async () => {
  trial = await startTrial();
});
afterAll(() => trial.stop());

test(`${STREAMS} WatchTrip calls at once on one connection are all open, and others still get through`, async () => {
  const backend = await serveBackend(trial);
  await trial.deploy("backend", [backend.address]);
  const client = createClient(BackendServiceDefinition, trial.envoy.edge);
  trial.defer(() => client.close());
  const told: string[][] = Array.from({ length: STREAMS }, () => []);
  const watches = told.map(async (words) => {
    const options = { timeoutMs: 60_000 };
    for await (const { update } of client.watchTrip({ tripId: "t" }, options)) {
      words.push(update?.version ?? "");
    }
  });
  const all = Promise.all(watches);
  await Promise.race([all, until("all are open", () => told.every(({ length }) => length === 1))]);
  await client.getTrip({ tripId: "t" }, { timeoutMs: 3000 });
  backend.endWatch();
  await all;
  expect(new Set(told.map((words) => words.join(" ")))).toEqual(new Set(["first last"]));
});

test(`${STREAMS} update streams that come at once are all open`, async () => {
  const gateway = await serveGateway(trial);
  await trial.deploy("gateway", [gateway.address]);
  const agent = new Agent({ keepAlive: false });
  const responses = await Promise.all(
    Array.from({ length: STREAMS }, async (_, i) => {
      const request = get(`http://${trial.envoy.edge}/v1/trips/t${i}/updates`, { agent });
      const [response] = (await once(request, "response")) as [IncomingMessage];
      return response.on("error", () => undefined); // cut by the test itself
    }),
  );
  const statuses = new Set(responses.map(({ statusCode }) => statusCode));
  for (const response of responses) response.destroy();
  expect(statuses).toEqual(new Set([200]));
});
