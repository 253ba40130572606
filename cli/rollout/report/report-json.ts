import { strategyText } from "#kit/releases/words.ts";
import type { WorstRide } from "../../../services/rollout/report/worst-rides.ts";
import type { RolloutReport } from "./make-report.ts";

/** The report as plain data. What has no number, such as an end at infinity, is null. */
export function reportJson({ rollout, worst, read, ...rest }: RolloutReport): string {
  const { rolloutId, service, candidateVersion, candidateDigest, liveVersion, liveDigest } =
    rollout;
  const whole = {
    rollout: {
      rolloutId,
      service,
      strategy: strategyText(rollout),
      candidate: { version: candidateVersion, digest: candidateDigest },
      live: { version: liveVersion, digest: liveDigest },
      startedAt: rollout.createTime?.toISOString(),
    },
    read: { ...read, upTo: read.upTo?.toISOString() },
    ...rest,
    worst: worst.map(worstJson),
  };
  const orNull = (_key: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? null : value;
  return JSON.stringify(whole, orNull, 2);
}

function worstJson({ requestedAtMs, ...ride }: WorstRide): object {
  return { ...ride, requestedAt: new Date(requestedAtMs).toISOString() };
}
