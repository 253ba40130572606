// The server over real gRPC, with an Envoy whose answers the test gives. Real Envoys: envoys.test.ts.
import * as grpc from "@grpc/grpc-js";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import {
  DiscoveryRequest,
  type DiscoveryResponse,
} from "#gen/envoy/service/discovery/v3/discovery.ts";
import { RuntimeDiscoveryServiceDefinition } from "#gen/envoy/service/runtime/v3/rtds.ts";
import { toGrpcMethod } from "#kit/rpc/definition.ts";
import { serve } from "#kit/rpc/server.ts";
import { split } from "#kit/traffic/testing/split.ts";
import { until } from "../../../test/harness/until.ts";
import { createRtdsServer, type RtdsOptions } from "./server.ts";
import { RUNTIME_TYPE } from "./subscription.ts";

const log = pino({ level: "silent" });
const LONG_MS = 20_000; // a test that waits so long has failed

test("who has acknowledged and who has not is told by node", async () => {
  const { rtds, connect } = await start();
  const first = await connect("envoy-1");
  const second = await connect("envoy-2");
  const version = rtds.publish(split({}, 5));
  expect(version).toBe(5n);
  first.acknowledge(await first.next());
  await until("the first has acknowledged", () => rtds.nodes()[0]?.acknowledged === 5n);

  const late = await rtds.acknowledged(version, 1);
  expect(late).toMatchObject({ complete: false, nodes: ["envoy-1"] });
  expect(late.laggards).toMatchObject([
    { node: "envoy-2", why: "silent", acknowledged: undefined },
  ]);

  const waiting = rtds.acknowledged(version, LONG_MS);
  second.acknowledge(await second.next());
  expect(await waiting).toEqual({
    version: 5n,
    complete: true,
    nodes: ["envoy-1", "envoy-2"],
    laggards: [],
  });
});

test("nobody there is not everybody: it waits for as many as are expected", async () => {
  const { rtds, connect } = await start();
  const version = rtds.publish(split({}, 1));
  expect(await rtds.acknowledged(version, 1)).toMatchObject({ complete: false, laggards: [] });
  const waiting = rtds.acknowledged(version, LONG_MS, 2);
  for (const node of ["envoy-1", "envoy-2"]) {
    const envoy = await connect(node);
    envoy.acknowledge(await envoy.next());
  }
  expect(await waiting).toMatchObject({ complete: true, nodes: ["envoy-1", "envoy-2"] });
});

test("a refusal ends the waiting, with Envoy's words", async () => {
  const { rtds, connect } = await start();
  const envoy = await connect("envoy-1");
  const version = rtds.publish(split({}, 1));
  const waiting = rtds.acknowledged(version, LONG_MS);
  envoy.refuse(await envoy.next(), "no such field");
  expect(await waiting).toMatchObject({
    complete: false,
    laggards: [{ node: "envoy-1", why: "refused", reason: "no such field" }],
  });
});

test("an Envoy that has gone counts until it is forgotten, or is back", async () => {
  let nowMs = 0;
  const { rtds, connect } = await start({ forgetAfterMs: 1000, now: () => nowMs });
  const stays = await connect("stays");
  const leaves = await connect("leaves");
  leaves.end();
  await until("it has gone", () => rtds.nodes().some(({ connected }) => !connected));

  const version = rtds.publish(split({}, 1));
  stays.acknowledge(await stays.next());
  await until("the other acknowledges", () => rtds.nodes()[0]?.acknowledged === 1n);
  expect((await rtds.acknowledged(version, 1)).laggards).toMatchObject([
    { node: "leaves", why: "disconnected" },
  ]);

  const back = await connect("leaves");
  back.acknowledge(await back.next());
  expect(await rtds.acknowledged(version, LONG_MS)).toMatchObject({ complete: true });

  back.end();
  await until("it has gone again", () => rtds.nodes().some(({ connected }) => !connected));
  nowMs = 1001;
  expect(rtds.nodes().map(({ node }) => node)).toEqual(["stays"]);
});

test("an older revision, other values under the same one, and nonsense are refused and not sent", async () => {
  const { rtds, connect } = await start();
  const envoy = await connect("envoy-1");
  rtds.publish(split({}, 5));
  envoy.acknowledge(await envoy.next());
  expect(rtds.publish(split({}, 5))).toBe(5n); // again: nothing happens

  expect(() => rtds.publish(split({}, 4))).toThrow(
    "revision 4 of duration's traffic is older than 5",
  );
  expect(() => rtds.publish(split({ tip: { blue: 1 } }, 5))).toThrow("is out with other values");
  expect(() => rtds.publish(split({}, 0))).toThrow("the traffic of duration is not in the bucket");
  const zero = split({}, 6).map((traffic) => ({ ...traffic, blue: undefined }));
  expect(() => rtds.publish(zero)).toThrow("add up to 10000, not 0");

  rtds.publish(split({}, 7));
  expect((await envoy.next()).versionInfo).toBe("7");
  expect(envoy.received()).toBe(2);
});

test("a mixture, read while a service was written, can be set right under the same version", async () => {
  const { rtds, connect } = await start();
  const envoy = await connect("envoy-1");
  const at = (tip: number, blue: number) =>
    split({ tip: { blue } }, 3).map((traffic) => ({
      ...traffic,
      revision: { duration: 10n, tip: BigInt(tip) }[traffic.service] ?? traffic.revision,
    }));
  rtds.publish(at(3, 10_000)); // duration at 10, tip as it was before its revision 7
  envoy.acknowledge(await envoy.next());
  await until("the mixture is acknowledged", () => rtds.nodes()[0]?.acknowledged === 10n);

  const version = rtds.publish(at(7, 500));
  expect(version).toBe(10n);
  const push = await envoy.next();
  expect((await rtds.acknowledged(version, 1)).laggards).toMatchObject([{ why: "silent" }]);
  envoy.acknowledge(push);
  expect(await rtds.acknowledged(version, LONG_MS)).toMatchObject({ complete: true });
  expect(() => rtds.publish(at(3, 10_000))).toThrow("revision 3 of tip's traffic is older than 7");
});

test("what is no Envoy of ours is told why", async () => {
  const { rtds, connect } = await start();
  rtds.publish(split({}, 1));
  const stranger = await connect("stranger", { resourceNames: ["other"] });
  expect(await stranger.ended).toMatchObject({
    code: grpc.status.NOT_FOUND,
    details: "the one runtime layer is traffic, not other",
  });
  expect(rtds.nodes()).toEqual([]);
});

test("closing ends the streams and the waiting, and leaves nothing behind", async () => {
  const { rtds, connect, close } = await start();
  const envoy = await connect("envoy-1");
  const version = rtds.publish(split({}, 1));
  await envoy.next();
  const waiting = rtds.acknowledged(version, LONG_MS);
  rtds.close();
  expect(await envoy.ended).toMatchObject({ code: grpc.status.UNAVAILABLE });
  expect(await waiting).toMatchObject({ complete: false });
  await close(LONG_MS); // no stream holds it up
});

async function start(options: Omit<RtdsOptions, "log"> = {}) {
  const rtds = createRtdsServer({ log, ...options });
  const server = await serve([rtds.registration], { listen: "127.0.0.1:0", log });
  const client = new grpc.Client(server.address, grpc.credentials.createInsecure());
  let closing: Promise<void> | undefined;
  const close = (graceMs: number) => {
    closing ??= server.close(graceMs);
    return closing;
  };
  onTestFinished(async () => {
    client.close();
    await close(0);
  });
  const connect = async (node: string, change: Partial<DiscoveryRequest> = {}) => {
    const envoy = openStream(client);
    const request = DiscoveryRequest.fromPartial({ node: { id: node }, typeUrl: RUNTIME_TYPE });
    envoy.say({ ...request, resourceNames: ["traffic"], ...change });
    const isKnown = () => rtds.nodes().some((state) => state.node === node && state.connected);
    if (!change.resourceNames) await until(`${node} is known`, isKnown);
    return envoy;
  };
  return { rtds, connect, close };
}

/** An Envoy's stream, as far as the protocol goes. */
function openStream(client: grpc.Client) {
  const { streamRuntime } = RuntimeDiscoveryServiceDefinition.methods;
  const { path, requestSerialize, responseDeserialize } = toGrpcMethod(
    RuntimeDiscoveryServiceDefinition,
    streamRuntime,
  );
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const received: DiscoveryResponse[] = [];
  let read = 0;
  call.on("data", (response: DiscoveryResponse) => received.push(response));
  const ended = new Promise<grpc.StatusObject>((resolve) => call.on("status", resolve));
  call.on("error", () => undefined); // told by the status
  const answer = ({ nonce, versionInfo }: DiscoveryResponse, reason?: string) =>
    call.write({
      ...DiscoveryRequest.fromPartial({ typeUrl: RUNTIME_TYPE, responseNonce: nonce }),
      versionInfo,
      errorDetail: reason === undefined ? undefined : { code: 3, message: reason, details: [] },
    });
  return {
    ended,
    say: (request: DiscoveryRequest) => call.write(request),
    next: async () => {
      const response = await until("a push arrives", () => received[read]);
      read++;
      return response;
    },
    received: () => received.length,
    acknowledge: (response: DiscoveryResponse) => answer(response),
    refuse: (response: DiscoveryResponse, reason: string) => answer(response, reason),
    end: () => call.cancel(),
  };
}
