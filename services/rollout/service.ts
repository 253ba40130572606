import { Decision, type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { invalidArgument, MeshError } from "#kit/rpc/errors.ts";
import type { Handlers } from "#kit/rpc/handlers.ts";
import { checkTraffic, type ModelService, modelServices, slots } from "#kit/traffic/traffic.ts";
import { desiredTraffic, sameTraffic, slotOf } from "./desired-traffic.ts";
import type { NewestLooks } from "./newest-looks.ts";
import type { ReleaseLog } from "./release-log.ts";
import type { SlotProblem } from "./slot-problem.ts";
import { checkService, planRollout } from "./start.ts";
import { isOver } from "./state.ts";
import type { TrafficControl } from "./traffic-control.ts";
import { watchRollout } from "./watch-rollout.ts";

export interface RolloutDependencies {
  readonly releases: ReleaseLog;
  readonly looks: NewestLooks;
  readonly traffic: TrafficControl;
  /** SHA-256 of a bundle's model file, as its card says; NOT_FOUND without such a bundle, with what there is. */
  readonly digestOf: (service: ModelService, version: string) => Promise<string>;
  /** Event time of the newest request; now, when there was none. */
  readonly latestEventTime: () => Promise<Date>;
  /** Why a slot should get no weight; undefined: it may. */
  readonly slotProblem: SlotProblem;
  /** Least time between messages of a watch for looks that changed no more than a number, ms. Default 1000. */
  readonly lookEveryMs?: number;
  /** There is something to do for a rollout; returns at once. */
  readonly wake: (rolloutId: string) => void;
}

const DEFAULT_PAGE = 20;
const MAX_PAGE = 100;

/** Answers every method of RolloutService; what is decided is written first and acted on later. */
export function createRolloutService(
  dependencies: RolloutDependencies,
): Handlers<typeof RolloutServiceDefinition> {
  const { releases, looks, traffic, digestOf, latestEventTime, slotProblem, wake } = dependencies;
  const { lookEveryMs = 1_000 } = dependencies;

  const known = (rolloutId: string): Rollout => {
    const rollout = releases.rollout(rolloutId);
    if (rollout) return rollout;
    throw new MeshError("NOT_FOUND", `there is no rollout ${rolloutId || "without an id"}`);
  };
  const running = (service: string) =>
    releases.rollouts().find((one) => one.service === service && !(isOver(one) && one.cleanedUp));

  const starting = new Set<ModelService>();

  async function decide(
    request: { readonly rolloutId: string; readonly who: string; readonly why: string },
    what: string,
    state: RolloutState,
    refuse: (rollout: Rollout) => void = () => undefined,
  ): Promise<{ rollout: Rollout }> {
    known(request.rolloutId);
    refuseNobody(request);
    // Checked when it is its turn to be written: the judge may be faster.
    await releases.append(request.rolloutId, () => {
      const rollout = known(request.rolloutId);
      if (rollout.state === state) return undefined; // it is so already
      if (isOver(rollout)) {
        const how = rollout.state === RolloutState.PROMOTED ? "promoted" : "aborted";
        throw new MeshError("FAILED_PRECONDITION", `${rollout.rolloutId} was ${how}; it has ended`);
      }
      refuse(rollout);
      const { who, why } = request;
      const stage = rollout.currentStage;
      const value = Decision.fromPartial({ time: new Date(), who, what, why, state, stage });
      return { $case: "decision", value };
    });
    wake(request.rolloutId);
    return { rollout: looks.shown(known(request.rolloutId)) };
  }

  return {
    async startRollout(request) {
      const service = checkService(request.service);
      const repeated = releases
        .rollouts()
        .find((one) => one.requestId === request.requestId && one.service === service);
      if (repeated && request.requestId !== "") return { rollout: repeated };
      const other = running(service);
      if (other) {
        const doing = isOver(other)
          ? "is still being cleaned up (its old slot is warm, or has traffic)"
          : "is under way";
        throw new MeshError(
          "FAILED_PRECONDITION",
          `${other.rolloutId} ${doing}: one rollout of a service at a time`,
        );
      }
      if (starting.has(service)) {
        throw new MeshError("ABORTED", `another rollout of ${service} is being started`);
      }
      starting.add(service);
      try {
        const rollout = await planRollout(request, traffic.of(service), {
          now: new Date(),
          eventTime: await latestEventTime(),
          digestOf: (version) => digestOf(service, version),
        });
        const after = await releases.append(rollout.rolloutId, {
          $case: "started",
          value: rollout,
        });
        wake(rollout.rolloutId);
        return { rollout: after ?? rollout };
      } finally {
        starting.delete(service);
      }
    },

    getRollout: ({ rolloutId }) => ({ rollout: looks.shown(known(rolloutId)) }),

    listRollouts({ service, pageSize, pageToken }) {
      if (service !== "") checkService(service);
      if (pageSize > MAX_PAGE) {
        throw invalidArgument([{ field: "page_size", description: `must be 0 to ${MAX_PAGE}` }]);
      }
      const all = releases.rollouts().filter((one) => service === "" || one.service === service);
      const from = pageToken === "" ? 0 : all.findIndex((one) => one.rolloutId === pageToken);
      if (from < 0) throw invalidArgument([{ field: "page_token", description: "is not known" }]);
      const until = from + (pageSize || DEFAULT_PAGE);
      return {
        rollouts: all.slice(from, until).map(looks.shown),
        nextPageToken: all[until]?.rolloutId ?? "",
      };
    },

    watchRollout: (request, context) =>
      watchRollout(request, context, {
        shown: (rolloutId) => looks.shown(known(rolloutId)),
        releases,
        looks,
        lookEveryMs,
      }),

    pauseRollout: (request) => decide(request, "pause", RolloutState.PAUSED),
    resumeRollout: (request) => decide(request, "resume", RolloutState.RUNNING),
    promoteRollout: (request) =>
      decide(request, "promote", RolloutState.PROMOTED, ({ rolloutId, currentStage }) => {
        if (currentStage > 0) return;
        throw new MeshError(
          "FAILED_PRECONDITION",
          `the candidate of ${rolloutId} is not deployed yet`,
        );
      }),
    abortRollout: (request) => decide(request, "abort", RolloutState.ABORTED),

    getTraffic({ service }) {
      if (service !== "") return { traffic: [traffic.of(checkService(service))] };
      return { traffic: modelServices.map((name) => traffic.of(name)) };
    },

    async setTraffic({ traffic: wanted, who, why }) {
      refuseNobody({ who, why });
      if (!wanted) throw invalidArgument([{ field: "traffic", description: "is required" }]);
      const service = checkService(wanted.service);
      const other = running(service);
      if (other) refuseDuring(other, traffic.of(service), traffic.follows(other));
      checkTraffic(wanted);
      const now = traffic.of(service);
      for (const slot of slots) {
        const { version, weight, mirror } = slotOf(wanted, slot);
        if (version !== slotOf(now, slot).version) {
          const description = "cannot be changed here: versions are deployed by a rollout";
          throw invalidArgument([{ field: `traffic.${slot}.version`, description }]);
        }
        const before = slotOf(now, slot);
        const isMore = weight > before.weight || mirror > before.mirror; // less may always be given
        const problem = isMore ? await slotProblem(service, slot) : undefined;
        if (problem !== undefined) throw new MeshError("FAILED_PRECONDITION", problem);
      }
      const { acknowledgedBy, laggards, ...set } = await traffic.set(wanted, who, why);
      return { ...set, acknowledgedBy: [...acknowledgedBy], laggards: [...laggards] };
    },
  };
}

/** After a promotion, while the old version is still warm, a person may go back to it; at no other time. */
function refuseDuring(other: Rollout, now: Traffic, isFollowed: boolean): void {
  if (!isOver(other)) {
    throw new MeshError(
      "FAILED_PRECONDITION",
      `${other.rolloutId} is under way: pause does not give traffic away, abort or promote it`,
    );
  }
  const isDone = sameTraffic(desiredTraffic(other, now), now);
  if (other.state === RolloutState.PROMOTED && (isDone || !isFollowed)) return;
  throw new MeshError("FAILED_PRECONDITION", `${other.rolloutId} is still being cleaned up`);
}

function refuseNobody({ who, why }: { readonly who: string; readonly why: string }): void {
  const violations = Object.entries({ who, why })
    .filter(([, value]) => value === "")
    .map(([field]) => ({ field, description: "is required, for the log" }));
  if (violations.length > 0) throw invalidArgument(violations);
}
