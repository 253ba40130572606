import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { modelServices, slots } from "#kit/traffic/traffic.ts";
import { expandTemplate } from "./template.ts";

const template = new URL("envoy.yaml", import.meta.url);
const descriptorSet = new URL("../gen/descriptor.binpb", import.meta.url);

export interface EnvoyOptions {
  /** Where riders come in, `host:port`; port 0 lets the kernel choose, as for the other two. */
  readonly edge: string;
  /** Where services reach the model services, `host:port`. */
  readonly mesh: string;
  /** Envoy's own admin interface, `host:port`. Keep it on the loopback: it changes weights. */
  readonly admin: string;
  /** Absolute path of the folder with `eds/` and `layers/`; see run-files.ts. */
  readonly runDir: string;
  /** What `buf build` made, for JSON. Default: the repository's own. */
  readonly descriptorSet?: string;
  /** The services that have a blue and a green slot. Default: all model services. */
  readonly services?: readonly string[];
  /** How long a unary call of Backend's may take. Default 5000. */
  readonly backendTimeoutMs?: number;
  /** How long Predict may take. Default 400; keep it below Backend's budget. */
  readonly durationTimeoutMs?: number;
  /** How long a unary call of the rollout service may take; a start looks at bundles. Default 10 000. */
  readonly rolloutTimeoutMs?: number;
  /** Names this Envoy to the rollout service and in traces. Default `tripmesh`. */
  readonly nodeId?: string;
  /**
   * Spans go by OTLP over gRPC to the endpoints of the cluster `collector`; of the traces that begin here this
   * share is recorded, 0 to 1. Undefined: Envoy records none, and passes on what callers send.
   */
  readonly traceRate?: number | undefined;
  /** The template's text. Default: envoy.yaml. */
  readonly template?: string;
}

/** Envoy's configuration, as JSON text. The same options give the same text. */
export function renderEnvoy(options: EnvoyOptions): string {
  const config = expandTemplate(options.template ?? readFileSync(template, "utf8"), {
    ...addressOf("edge", options.edge),
    ...addressOf("mesh", options.mesh),
    ...addressOf("admin", options.admin),
    runDir: options.runDir,
    descriptorSet: options.descriptorSet ?? fileURLToPath(descriptorSet),
    services: options.services ?? modelServices,
    slots,
    backendTimeout: seconds(options.backendTimeoutMs ?? 5000),
    durationTimeout: seconds(options.durationTimeoutMs ?? 400),
    rolloutTimeout: seconds(options.rolloutTimeoutMs ?? 10_000),
    nodeId: options.nodeId ?? "tripmesh",
    traced: options.traceRate !== undefined,
    tracesPerMillion: Math.round((options.traceRate ?? 0) * 1e6),
  });
  return `${JSON.stringify(config, null, 2)}\n`;
}

function addressOf(listener: string, address: string): Record<string, string | number> {
  const [, host, port] = /^(?:\[(?=.*\]))?([^[\]]+)\]?:(\d+)$/.exec(address) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    throw new Error(`${listener}: "${address}" is not host:port`);
  }
  return { [`${listener}Host`]: host, [`${listener}Port`]: Number(port) };
}

/** As protobuf writes a duration in JSON. */
function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
