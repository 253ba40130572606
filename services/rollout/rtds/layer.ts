import { Runtime } from "#gen/envoy/service/runtime/v3/rtds.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { runtimeOf, versionOf } from "#kit/traffic/runtime.ts";

/** The layer's name in Envoy's configuration. */
export const LAYER_NAME = "traffic";

/** One state of the runtime layer, ready to be sent. */
export interface Layer {
  /** The highest revision of the bucket that is in it. */
  readonly version: bigint;
  /** The revision of each service's traffic. */
  readonly revisions: ReadonlyMap<string, bigint>;
  /** The encoded `Runtime`. */
  readonly resource: Buffer;
}

/** The layer for the traffic of all services. Fails with INVALID_ARGUMENT for what must not be pushed. */
export function layerOf(traffics: readonly Traffic[]): Layer {
  const layer = runtimeOf(traffics);
  const bytes = Runtime.encode({ name: LAYER_NAME, layer }).finish();
  const revisions = new Map(traffics.map(({ service, revision }) => [service, revision]));
  return { version: versionOf(traffics), revisions, resource: Buffer.from(bytes) };
}

/**
 * Says whether `next` is news: a service is at a later revision, and none at an earlier one.
 *
 * Fails with FAILED_PRECONDITION for what the bucket does not hold yet, for an earlier revision of any service than
 * is out, and for other values under the revisions that are out. Services are compared one by one, because whoever
 * read them while one was written may have pushed a mixture, and must be able to set it right.
 */
export function isNews(current: Layer | undefined, next: Layer): boolean {
  for (const [service, revision] of next.revisions) {
    const out = current?.revisions.get(service) ?? 0n;
    if (revision === 0n) throw refused(`the traffic of ${service} is not in the bucket`);
    if (revision < out) {
      throw refused(
        `revision ${revision} of ${service}'s traffic is older than ${out}, which is out`,
      );
    }
  }
  if (!current) return true;
  for (const [service, revision] of next.revisions) {
    if (revision !== current.revisions.get(service)) return true;
  }
  if (next.resource.equals(current.resource)) return false;
  throw refused(`revision ${next.version} of the traffic is out with other values`);
}

function refused(message: string): MeshError {
  return new MeshError("FAILED_PRECONDITION", message);
}
