// What the console is told of releases; plain data, the same on both sides of the wire.
import type { VerdictName as KnownVerdict, StateName } from "#kit/releases/words.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import type { CurvePoint } from "./curve.ts";

export type RolloutStateName = StateName;
export type VerdictName = "none" | KnownVerdict;

/** One slot of a service: what was decided, and what is known of its processes. Shares in basis points. */
export interface SlotView {
  /** Empty when nothing is deployed in it. */
  readonly version: string;
  readonly weight: number;
  readonly mirror: number;
  /** Among riders of segment `b`; null outside an A/B by segment. */
  readonly segmentWeight: number | null;
  /** The weight that Envoy goes by; null where that is not known. */
  readonly inForce: number | null;
  /** Processes as Envoy checks them; null where that is not known. */
  readonly instances: { readonly healthy: number; readonly total: number } | null;
}

export interface ServiceView {
  readonly service: string;
  /** Of the stored traffic; a change by hand names it. */
  readonly revision: number;
  readonly slots: Readonly<Record<Slot, SlotView>>;
  /** Keys that somebody has set by hand in Envoy. */
  readonly overrides: readonly string[];
  /** The command that removes them; empty without any. */
  readonly clear: string;
}

export interface StageView {
  readonly name: string;
  readonly weight: number;
  readonly mirror: number;
  readonly bakeMs: number;
  readonly deadlineMs: number;
}

export interface GateView {
  readonly gate: string;
  readonly verdict: VerdictName;
  readonly because: string;
  /** Null for what is no finite number. */
  readonly numbers: Readonly<Record<string, number | null>>;
}

export interface DecisionView {
  /** Server's clock, ms. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly why: string;
  readonly stage: number;
  readonly state: RolloutStateName;
}

/** What the evidence has to show, as fixed at the start. */
export interface RequirementsView {
  /** Share of the live version's error. */
  readonly margin: number;
  readonly alpha: number;
  readonly minTripsToFail: number;
  readonly minTripsToPass: number;
  readonly minHoursOfDay: number;
}

/** One rollout, whole but for its curve. */
export interface RolloutView {
  readonly id: string;
  readonly service: string;
  readonly liveVersion: string;
  readonly liveSlot: Slot;
  readonly candidateVersion: string;
  readonly candidateSlot: Slot;
  readonly strategy: string;
  readonly stages: readonly StageView[];
  /** From 1; 0 before the first. */
  readonly stage: number;
  readonly state: RolloutStateName;
  readonly verdict: VerdictName;
  readonly gates: readonly GateView[];
  readonly decisions: readonly DecisionView[];
  readonly requirements: RequirementsView;
  /** When the present stage is likely to be decided, in a sentence; empty where nobody foresees it. */
  readonly forecast: string;
  readonly startedAt: number;
  /** Null while it goes on. */
  readonly endedAt: number | null;
  /** Whether the slot that is not needed any more was emptied: then the next one may start. */
  readonly cleanedUp: boolean;
}

/** An open rollout with the newest point of its curve. */
export interface OpenRollout extends RolloutView {
  readonly point: CurvePoint | null;
}

/** A rollout that has ended, in a line. */
export interface PastRollout {
  readonly id: string;
  readonly service: string;
  readonly liveVersion: string;
  readonly candidateVersion: string;
  readonly strategy: string;
  readonly state: RolloutStateName;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly who: string;
  readonly why: string;
}

/** What the console gets when something has changed. */
export interface ReleasesView {
  /** Null while the rollout service answers; else why it does not. */
  readonly problem: string | null;
  /** Whether it ever answered, so that `open` and `history` mean anything. */
  readonly known: boolean;
  readonly services: readonly ServiceView[];
  /** Not ended, or not cleaned up; newest first. */
  readonly open: readonly OpenRollout[];
  readonly history: readonly PastRollout[];
}

/** One rollout asked for by its id. */
export interface RolloutDetail {
  readonly rollout: RolloutView;
  readonly curve: readonly CurvePoint[];
}

/** Versions that could be released, by service. */
export type Bundles = Readonly<Record<string, readonly string[]>>;

export type ReportStatus =
  | { readonly state: "none" }
  /** Messages read so far, of how many; 0 of 0 before the first. */
  | { readonly state: "running"; readonly done: number; readonly total: number }
  | { readonly state: "done"; readonly madeAt: number }
  | { readonly state: "failed"; readonly why: string };
