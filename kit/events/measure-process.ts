import type { JsMsg } from "@nats-io/jetstream";
import { attribute } from "#kit/telemetry/attributes.ts";
import { add, isMeasuring, record } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";

/** How the handling of a message ended: with its effect, to come again, or put aside. */
export type Outcome = "done" | "failed" | "dead";

/** Measures the handling of a message. */
export async function measureProcess(
  { info }: Pick<JsMsg, "info">,
  settle: () => Promise<Outcome>,
): Promise<void> {
  if (!isMeasuring()) return void (await settle());
  const group = { [attribute.messagingGroup]: info.consumer };
  const startedAt = performance.now();
  if (info.deliveryCount > 1) add(metrics.redeliveries, 1, group);
  const outcome = await settle();
  if (outcome === "dead") add(metrics.deadLetters, 1, group);
  const seconds = (performance.now() - startedAt) / 1000;
  record(metrics.processDuration, seconds, { ...group, [attribute.outcome]: outcome });
}
