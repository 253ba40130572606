import { type Rollout, RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { attribute } from "#kit/telemetry/attributes.ts";
import { observe } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";
import { modelServices, slots, TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { slotOf } from "./desired-traffic.ts";
import type { ReleaseLog } from "./release-log.ts";
import { isOver } from "./state.ts";
import type { TrafficControl } from "./traffic-control.ts";
import type { Overrides } from "./watch-overrides.ts";

const verdicts: Readonly<Record<number, string>> = {
  [Verdict.PASS]: "pass",
  [Verdict.FAIL]: "fail",
  [Verdict.CONTINUE]: "continue",
  [Verdict.HOLD]: "hold",
};

const states: Readonly<Record<number, string>> = {
  [RolloutState.RUNNING]: "running",
  [RolloutState.PAUSED]: "paused",
  [RolloutState.HELD]: "held",
};

export interface ObserveReleasesDependencies {
  readonly releases: Pick<ReleaseLog, "rollouts">;
  readonly traffic: Pick<TrafficControl, "of">;
  /** Undefined where no Envoy is known. */
  readonly overrides: Pick<Overrides, "of"> | undefined;
}

/**
 * Tells of traffic as it was decided, of what hides that in Envoy, and of the rollouts that are not over: state, stage
 * and last verdict.
 */
export function observeReleases({
  releases,
  traffic,
  overrides,
}: ObserveReleasesDependencies): void {
  const running = () => releases.rollouts().filter((rollout) => !isOver(rollout));
  const nameOf = ({ service, candidateVersion }: Rollout) => ({
    [attribute.modelService]: service,
    [attribute.modelVersion]: candidateVersion,
  });
  observe(metrics.trafficWeight, (tell) => {
    for (const service of modelServices) {
      for (const slot of slots) {
        const { version, weight } = slotOf(traffic.of(service), slot);
        if (version === "") continue;
        tell(weight / TOTAL_WEIGHT, {
          [attribute.modelService]: service,
          [attribute.slot]: slot,
          [attribute.modelVersion]: version,
        });
      }
    }
  });
  observe(metrics.rolloutStage, (tell) => {
    for (const rollout of running()) tell(rollout.currentStage, nameOf(rollout));
  });
  observe(metrics.rolloutState, (tell) => {
    for (const rollout of running()) {
      const state = states[rollout.state];
      if (state) tell(1, { ...nameOf(rollout), [attribute.state]: state });
    }
  });
  // Events do not go through Envoy: only duration's traffic can be set there.
  observe(metrics.trafficOverrides, (tell) => {
    if (overrides) tell(overrides.of("duration").length, { [attribute.modelService]: "duration" });
  });
  observe(metrics.rolloutVerdict, (tell) => {
    for (const rollout of running()) {
      const verdict = verdicts[rollout.verdict];
      if (verdict) tell(1, { ...nameOf(rollout), [attribute.verdict]: verdict });
    }
  });
}
