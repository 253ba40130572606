import { expect, test } from "vitest";
import {
  DiscoveryRequest,
  type DiscoveryResponse,
} from "#gen/envoy/service/discovery/v3/discovery.ts";
import { Runtime } from "#gen/envoy/service/runtime/v3/rtds.ts";
import { split } from "#kit/traffic/testing/split.ts";
import { LAYER_NAME, layerOf } from "./layer.ts";
import { createSubscription, RUNTIME_TYPE } from "./subscription.ts";

const layer = (revision: number) => layerOf(split({ tip: { blue: 10_000 - revision } }, revision));

test("nothing is sent before the Envoy has asked, nor before there is anything", () => {
  const early = begin();
  early.subscription.offer(layer(1));
  expect(early.sent).toEqual([]);
  early.ask();
  expect(early.versions()).toEqual(["1"]);

  const empty = begin();
  empty.ask();
  expect(empty.sent).toEqual([]);
  empty.subscription.offer(layer(1));
  expect(empty.versions()).toEqual(["1"]);
});

test("the whole layer is sent, under its name, with the bucket's revision as version", () => {
  const { subscription, sent, ask } = begin();
  subscription.offer(layer(7));
  ask();
  expect(sent[0]).toMatchObject({ versionInfo: "7", typeUrl: RUNTIME_TYPE });
  const runtime = Runtime.decode(sent[0]?.resources[0]?.value ?? Buffer.alloc(0));
  expect(runtime.name).toBe(LAYER_NAME);
  expect(runtime.layer).toMatchObject({ "traffic.tip.tip-blue": 9993 });
});

test("one push is under way at a time; what comes meanwhile goes out after, the newest only", () => {
  const { subscription, ask, answer, versions } = begin();
  ask();
  const last = layer(3);
  for (const next of [layer(1), layer(2), last]) subscription.offer(next);
  expect(versions()).toEqual(["1"]);
  expect(answer()).toBe("acknowledged");
  expect(versions()).toEqual(["1", "3"]);
  expect(subscription.acknowledged).toBe(1n);
  answer();
  expect(subscription.acknowledged).toBe(3n);
  subscription.offer(last);
  expect(versions()).toEqual(["1", "3"]);
});

test("a refusal is kept with its words, not repeated, and forgotten with the next acknowledgement", () => {
  const { subscription, ask, answer, versions } = begin();
  ask();
  subscription.offer(layer(1));
  expect(answer({ errorDetail: { code: 3, message: "no such field", details: [] } })).toBe(
    "refused",
  );
  expect(subscription.refused).toEqual({ version: 1n, reason: "no such field" });
  expect(versions()).toEqual(["1"]);
  subscription.offer(layer(2));
  answer();
  expect([subscription.acknowledged, subscription.refused]).toEqual([2n, undefined]);
});

test("an answer to an earlier push says nothing about this one", () => {
  const { subscription, ask, answer } = begin();
  ask();
  subscription.offer(layer(1));
  expect(answer({ responseNonce: "0" })).toBe("stale");
  expect(subscription.acknowledged).toBeUndefined();
});

test("an Envoy that comes back with a version is sent the layer, whatever it says it has", () => {
  const { subscription, ask, versions } = begin();
  subscription.offer(layer(5));
  ask({ versionInfo: "5" });
  expect(versions()).toEqual(["5"]);
  expect(subscription.acknowledged).toBeUndefined();
});

test.each([
  ["no node", { node: undefined }, "node.id is required"],
  ["another layer", { resourceNames: ["other"] }, "the one runtime layer is traffic, not other"],
  ["another type", { typeUrl: "type.googleapis.com/x" }, "only type.googleapis.com/envoy"],
])("%s is refused", (_, change, message) => {
  expect(() => begin().ask(change)).toThrow(message);
});

function begin() {
  const sent: DiscoveryResponse[] = [];
  const subscription = createSubscription(LAYER_NAME, (response) => sent.push(response));
  return {
    subscription,
    sent,
    versions: () => sent.map(({ versionInfo }) => versionInfo),
    ask: (change: Partial<DiscoveryRequest> = {}) =>
      subscription.hear({
        ...DiscoveryRequest.fromPartial({ node: { id: "envoy-1" }, typeUrl: RUNTIME_TYPE }),
        resourceNames: [LAYER_NAME],
        ...change,
      }),
    /** To the last push, an acknowledgement unless `change` says otherwise. */
    answer: (change: Partial<DiscoveryRequest> = {}) =>
      subscription.hear({
        ...DiscoveryRequest.fromPartial({ typeUrl: RUNTIME_TYPE }),
        responseNonce: sent.at(-1)?.nonce ?? "",
        ...change,
      }),
  };
}
