/** What is known of one Envoy. */
export interface NodeState {
  /** Its node id. */
  readonly node: string;
  /** Where it connected from. */
  readonly peer: string;
  /** False once its stream has ended: it goes on with what it had. */
  readonly connected: boolean;
  /** Version of the traffic that it acknowledged last. */
  readonly acknowledged: bigint | undefined;
  /** A push that it refused, and its words. */
  readonly refused: { readonly version: bigint; readonly reason: string } | undefined;
}

/** An Envoy that does not go by a version, as far as is known. */
export interface Laggard {
  readonly node: string;
  readonly peer: string;
  readonly why: "silent" | "refused" | "disconnected";
  /** What it acknowledged last. */
  readonly acknowledged: bigint | undefined;
  /** What it said when it refused. */
  readonly reason?: string;
}

/** Who has acknowledged a version. That is no proof of effect: see `readEnvoyTraffic`. */
export interface Acknowledgement {
  readonly version: bigint;
  /** Every Envoy that is known has, and they are as many as were expected. */
  readonly complete: boolean;
  readonly nodes: readonly string[];
  readonly laggards: readonly Laggard[];
}

/**
 * Compares what is known of each Envoy with a version; a later one counts as well. One that acknowledged and has
 * gone counts: it goes on with that version, or starts again from the saved layer, which was written before.
 */
export function judge(
  version: bigint,
  states: readonly NodeState[],
  atLeast: number,
): Acknowledgement {
  const has = ({ acknowledged }: NodeState) =>
    acknowledged !== undefined && acknowledged >= version;
  const nodes = states.filter(has).map(({ node }) => node);
  const laggards = states
    .filter((state) => !has(state))
    .map(({ node, peer, connected, acknowledged, refused }): Laggard => {
      const seen = { node, peer, acknowledged };
      if (!connected) return { ...seen, why: "disconnected" };
      if (refused && refused.version >= version) {
        return { ...seen, why: "refused", reason: refused.reason };
      }
      return { ...seen, why: "silent" };
    });
  const complete = laggards.length === 0 && nodes.length >= atLeast;
  return { version, complete, nodes, laggards };
}

/** True when waiting longer cannot change the answer: all who have not acknowledged have refused. */
export function isFinal({ complete, nodes, laggards }: Acknowledgement, atLeast: number): boolean {
  if (complete) return true;
  const refused = laggards.filter(({ why }) => why === "refused").length;
  return refused > 0 && refused === laggards.length && nodes.length + refused >= atLeast;
}
