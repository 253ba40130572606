import type {
  DiscoveryRequest,
  DiscoveryResponse,
} from "#gen/envoy/service/discovery/v3/discovery.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Layer } from "./layer.ts";

export const RUNTIME_TYPE = "type.googleapis.com/envoy.service.runtime.v3.Runtime";

/** What a request of Envoy's meant. */
export type Heard = "subscribed" | "acknowledged" | "refused" | "stale";

/** One Envoy's subscription to the layer, over one stream: what it was sent and what it said to that. */
export interface Subscription {
  /** Its node id; empty until it has subscribed. */
  readonly node: string;
  /** Version that it acknowledged last. */
  readonly acknowledged: bigint | undefined;
  /** The push that it refused, until it acknowledges another. */
  readonly refused: { readonly version: bigint; readonly reason: string } | undefined;
  /** Takes what Envoy says. Throws a `MeshError`, with which the stream is to end, for what cannot be served. */
  hear(request: DiscoveryRequest): Heard;
  /** Sends the layer, at once or, while an earlier push is unanswered, after that; the newest counts. */
  offer(layer: Layer): void;
}

/**
 * State of the world: each push is the whole layer, and one push at a time is under way, so that an Envoy which
 * does not read costs no memory.
 */
export function createSubscription(
  layerName: string,
  send: (response: DiscoveryResponse) => void,
): Subscription {
  let node = "";
  let subscribed = false;
  let newest: Layer | undefined;
  let acknowledged: Layer | undefined;
  let refused: Subscription["refused"];
  let underWay: { readonly layer: Layer; readonly nonce: string } | undefined;
  let told: Layer | undefined;
  let pushes = 0;

  const push = () => {
    // A refused one is not sent again: it would be refused again, in a loop.
    if (!subscribed || !newest || underWay || told === newest) return;
    told = newest;
    underWay = { layer: newest, nonce: String(++pushes) };
    send(responseOf(newest, underWay.nonce));
  };

  const subscribe = (request: DiscoveryRequest): Heard => {
    const id = request.node?.id || node; // only in the first message of a stream
    checkSubscription(request, id, layerName);
    node = id;
    subscribed = true;
    underWay = undefined;
    told = undefined; // what it had from a server before this one may be another bucket's
    push();
    return "subscribed";
  };

  const answer = (request: DiscoveryRequest): Heard => {
    if (!underWay || request.responseNonce !== underWay.nonce) return "stale";
    const { layer } = underWay;
    underWay = undefined;
    if (request.errorDetail) {
      refused = { version: layer.version, reason: request.errorDetail.message };
    } else {
      acknowledged = layer;
      refused = undefined;
    }
    push();
    return request.errorDetail ? "refused" : "acknowledged";
  };

  return {
    get node() {
      return node;
    },
    get acknowledged() {
      // Another layer of the same version is a mixture set right: the acknowledgement was for the mixture.
      return acknowledged?.version === newest?.version && acknowledged !== newest
        ? undefined
        : acknowledged?.version;
    },
    get refused() {
      return refused;
    },
    hear: (request) => (request.responseNonce === "" ? subscribe(request) : answer(request)),
    offer(layer) {
      newest = layer;
      push();
    },
  };
}

function checkSubscription(request: DiscoveryRequest, node: string, layerName: string): void {
  if (node === "") throw new MeshError("INVALID_ARGUMENT", "node.id is required");
  if (request.typeUrl !== "" && request.typeUrl !== RUNTIME_TYPE) {
    throw new MeshError("INVALID_ARGUMENT", `only ${RUNTIME_TYPE} is served`);
  }
  if (!request.resourceNames.includes(layerName)) {
    const asked = request.resourceNames.join(", ") || "none";
    throw new MeshError("NOT_FOUND", `the one runtime layer is ${layerName}, not ${asked}`);
  }
}

function responseOf({ version, resource }: Layer, nonce: string): DiscoveryResponse {
  return {
    versionInfo: String(version),
    resources: [{ typeUrl: RUNTIME_TYPE, value: resource }],
    canary: false,
    typeUrl: RUNTIME_TYPE,
    nonce,
    controlPlane: undefined,
  };
}
