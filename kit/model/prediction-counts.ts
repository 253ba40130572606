import { attribute } from "#kit/telemetry/attributes.ts";
import { observe } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";
import type { Card } from "./bundle.ts";

export type CountedRole = "live" | "shadow" | "quote";

/** Counts predictions by who saw them: a plain number each, asked for at the export. */
export function createPredictionCounts({ service, version }: Pick<Card, "service" | "version">): {
  count(role: CountedRole): void;
} {
  const counts: Record<CountedRole, number> = { live: 0, shadow: 0, quote: 0 };
  observe(metrics.predictions, (tell) => {
    for (const role of ["live", "shadow", "quote"] as const) {
      tell(counts[role], {
        [attribute.modelService]: service,
        [attribute.modelVersion]: version,
        [attribute.role]: role,
      });
    }
  });
  return {
    count(role) {
      counts[role]++;
    },
  };
}
