// The server of Envoy's runtime layer: traffic as it was decided, to every Envoy, with who has acknowledged it.
import type * as grpc from "@grpc/grpc-js";
import type {
  DiscoveryRequest,
  DiscoveryResponse,
} from "#gen/envoy/service/discovery/v3/discovery.ts";
import { RuntimeDiscoveryServiceDefinition } from "#gen/envoy/service/runtime/v3/rtds.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { toGrpcMethod } from "#kit/rpc/definition.ts";
import { MeshError, toStatus } from "#kit/rpc/errors.ts";
import type { Registration } from "#kit/rpc/server.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { type Acknowledgement, isFinal, judge, type NodeState } from "./acknowledgement.ts";
import { createGone } from "./gone.ts";
import { isNews, LAYER_NAME, type Layer, layerOf } from "./layer.ts";
import { createSubscription, type Subscription } from "./subscription.ts";

type Call = grpc.ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>;

export interface RtdsOptions {
  readonly log: Logger;
  /**
   * How long an Envoy that has gone counts as a laggard, default 60 000: it may be running, cut off, with the
   * weights it had. After that it is forgotten: it may have been taken away for good.
   */
  readonly forgetAfterMs?: number;
  /** Milliseconds that only grow. Default the process's own. */
  readonly now?: () => number;
}

export interface RtdsServer {
  /** To be served beside other services. */
  readonly registration: Registration;
  /**
   * Sends the traffic of all services to every Envoy, and to each that connects from now on; gives back its
   * version. Before the first one nothing is served, and an Envoy keeps what it has. The same state again does
   * nothing. Fails as `runtimeOf` and `isNews` say, and then nothing was sent.
   */
  publish(traffics: readonly Traffic[]): bigint;
  /**
   * Waits until every Envoy has acknowledged the version or a later one, and they are `atLeast` (default 1)
   * many; after `withinMs`, or once nothing can change any more, tells who has not. Never fails.
   */
  acknowledged(version: bigint, withinMs: number, atLeast?: number): Promise<Acknowledgement>;
  /** Every Envoy that is connected, and those that have gone lately. */
  nodes(): NodeState[];
  /** Ends all streams with UNAVAILABLE, and every waiting; Envoys keep what they have and come back. */
  close(): void;
}

export function createRtdsServer(options: RtdsOptions): RtdsServer {
  const { log, forgetAfterMs = 60_000, now = () => performance.now() } = options;
  const streams = new Map<Call, Subscription>();
  const gone = createGone(forgetAfterMs, now);
  const waiting = new Set<() => void>();
  let layer: Layer | undefined;
  let closed = false;

  const states = (): NodeState[] => [
    ...[...streams].filter(([, { node }]) => node !== "").map(([call, of]) => stateOf(call, of)),
    ...gone.list(),
  ];
  const changed = () => {
    for (const look of [...waiting]) look();
  };

  const leave = (call: Call) => {
    const subscription = streams.get(call);
    if (!subscription || !streams.delete(call) || subscription.node === "") return;
    const { node } = subscription;
    log.warn({ node, peer: call.getPeer() }, "an Envoy has gone");
    // One that is back on another stream already has not gone.
    const isBack = [...streams.values()].some((other) => other.node === node);
    if (!isBack) gone.add({ ...stateOf(call, subscription), connected: false });
    changed();
  };

  const refuse = (call: Call, error: unknown) => {
    const meshError = MeshError.from(error);
    log.error(
      { err: meshError.cause ?? meshError, peer: call.getPeer() },
      "an Envoy is not served",
    );
    leave(call);
    call.emit("error", toStatus(meshError));
  };

  const hear = (call: Call, subscription: Subscription, request: DiscoveryRequest) => {
    const heard = subscription.hear(request);
    const { node, acknowledged: version, refused } = subscription;
    if (heard === "subscribed") {
      gone.delete(node);
      const had = request.versionInfo || "none";
      log.info({ node, peer: call.getPeer(), had }, "an Envoy asks for the traffic");
    }
    if (heard === "acknowledged") log.debug({ node, version: String(version) }, "acknowledged");
    if (heard === "stale") log.warn({ node }, "an Envoy answers a push that it was not sent");
    if (heard === "refused") {
      const said = { version: String(refused?.version), reason: refused?.reason };
      log.error({ node, ...said }, "an Envoy refuses the traffic");
    }
    changed();
  };

  const accept = (call: Call) => {
    if (closed) {
      refuse(call, shuttingDown());
      return;
    }
    const subscription = createSubscription(LAYER_NAME, (response) => call.write(response));
    streams.set(call, subscription);
    if (layer) subscription.offer(layer);
    call.on("data", (request: DiscoveryRequest) => {
      if (!streams.has(call)) return; // it was refused; this was on its way
      try {
        hear(call, subscription, request);
      } catch (error) {
        refuse(call, error);
      }
    });
    call.on("end", () => {
      leave(call);
      call.end();
    });
    call.on("cancelled", () => leave(call));
  };

  return {
    registration: registrationOf(accept),
    publish(traffics) {
      const next = layerOf(traffics);
      if (isNews(layer, next)) {
        layer = next;
        for (const subscription of streams.values()) subscription.offer(next);
        log.info({ version: String(next.version), envoys: streams.size }, "traffic is pushed");
      }
      return next.version;
    },
    acknowledged(version, withinMs, atLeast = 1) {
      return new Promise((resolve) => {
        const settle = (answer: Acknowledgement) => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve(answer);
        };
        const look = () => {
          const answer = judge(version, states(), atLeast);
          if (closed || isFinal(answer, atLeast)) settle(answer);
        };
        const timer = setTimeout(() => settle(judge(version, states(), atLeast)), withinMs);
        waiting.add(look);
        look();
      });
    },
    nodes: states,
    close() {
      closed = true;
      changed();
      for (const call of streams.keys()) call.emit("error", toStatus(shuttingDown()));
      streams.clear();
    },
  };
}

function registrationOf(accept: (call: Call) => void): Registration {
  const { streamRuntime } = RuntimeDiscoveryServiceDefinition.methods;
  const definition = {
    streamRuntime: toGrpcMethod(RuntimeDiscoveryServiceDefinition, streamRuntime),
  };
  return {
    fullName: RuntimeDiscoveryServiceDefinition.fullName,
    register: (server) => server.addService(definition, { streamRuntime: accept }),
  };
}

function stateOf(call: Call, { node, acknowledged, refused }: Subscription): NodeState {
  return { node, peer: call.getPeer(), connected: true, acknowledged, refused };
}

function shuttingDown(): MeshError {
  return new MeshError("UNAVAILABLE", "the server is shutting down");
}
