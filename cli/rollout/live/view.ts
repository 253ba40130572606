// The live view of a rollout: a picture of what is known, made anew from it each time.
import { type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { strategyText } from "#kit/releases/words.ts";
import { isOver } from "../../../services/rollout/state.ts";
import { type Style, widthOf } from "../../output/style.ts";
import { decisionLines, gateLines } from "./gate-list.ts";
import { DECISIVE, type IntervalLook, numbersOf, pickLooks } from "./history.ts";
import { plotIntervals, shareText } from "./interval-plot.ts";
import { sampleLines } from "./sample-lines.ts";
import { stageLines } from "./stepper.ts";
import { timeText } from "./time-text.ts";
import { weightLines } from "./weight-bars.ts";
import { clip, flow, pad, wrap } from "./wrap.ts";

/** What is known of a watched rollout. */
export interface Watched {
  readonly rollout: Rollout;
  /** As stored; undefined before it was asked for. */
  readonly traffic: Traffic | undefined;
  /** Looks at the realised error, oldest first. */
  readonly history: readonly IntervalLook[];
  /** What a person should know about the connection; undefined when all is well. */
  readonly trouble?: string | undefined;
}

export interface ViewOptions {
  /** Of the terminal; at least 40 are used. */
  readonly columns: number;
  /** Of the terminal: what does not fit is shortened, then left out and counted. */
  readonly rows: number;
  readonly style: Style;
}

const LABEL = 10;
const LEAST_COLUMNS = 40;

/** From all there is to what matters most, for terminals that are lower and lower. */
const layouts = [
  { looks: 5, gates: "sentences", hasLegend: true, hasGaps: true },
  { looks: 4, gates: "sentences", hasLegend: true, hasGaps: false },
  { looks: 3, gates: "lines", hasLegend: true, hasGaps: false },
  { looks: 2, gates: "open", hasLegend: false, hasGaps: false },
] as const;

/** The view as lines, none wider than the terminal, no more than it has. */
export function viewLines(watched: Watched, options: ViewOptions): string[] {
  const columns = Math.max(LEAST_COLUMNS, options.columns);
  let lines: string[] = [];
  for (const layout of layouts) {
    lines = draw(watched, { ...options, columns, ...layout });
    if (lines.length <= options.rows) break;
  }
  const fit = lines.map((line) => clip(line, columns));
  if (fit.length <= options.rows) return fit;
  const rest = `… ${fit.length - options.rows + 1} more lines: the terminal is too low`;
  return [...fit.slice(0, Math.max(0, options.rows - 1)), clip(rest, columns)];
}

type Layout = ViewOptions & (typeof layouts)[number];

function draw(watched: Watched, layout: Layout): string[] {
  const { rollout, traffic } = watched;
  const { columns, style, hasGaps } = layout;
  const room = columns - LABEL;
  const blocks: string[][] = [
    headerLines(watched, layout),
    labelled("stages", stageLines(rollout, { columns: room, style }), style),
    labelled("forecast", wrap(forecastText(rollout), room), style),
    traffic
      ? labelled("traffic", weightLines(traffic, rollout, { columns: room, style }), style)
      : [],
    labelled("samples", sampleLines(rollout, room), style),
    intervalLines(watched, layout),
    labelled("gates", gateLines(rollout, { ...layout, columns: room }), style),
    labelled("decisions", decisionLines(rollout, { columns: room, isShort: !hasGaps }), style),
  ];
  const shown = blocks.filter((block) => block.length > 0);
  return shown.flatMap((block, i) => (hasGaps && i > 0 ? ["", ...block] : block));
}

/** A block beside its name. */
function labelled(label: string, lines: readonly string[], { dim }: Style): string[] {
  return lines.map((line, i) => dim(pad(i === 0 ? label : "", LABEL)) + line);
}

const states: Readonly<Record<number, { readonly text: string; readonly tone: keyof Tones }>> = {
  [RolloutState.RUNNING]: { text: "RUNNING", tone: "good" },
  [RolloutState.PAUSED]: { text: "PAUSED", tone: "warn" },
  [RolloutState.HELD]: { text: "HELD: a person decides", tone: "warn" },
  [RolloutState.PROMOTED]: { text: "PROMOTED", tone: "good" },
  [RolloutState.ABORTED]: { text: "ABORTED", tone: "bad" },
};
type Tones = Pick<Style, "good" | "warn" | "bad">;

function headerLines({ rollout, trouble }: Watched, { columns, style }: Layout): string[] {
  const { service, liveVersion, candidateVersion, rolloutId, lookTime } = rollout;
  const { text, tone } = states[rollout.state] ?? { text: "?", tone: "warn" };
  const title = `${service}  ${liveVersion} → ${candidateVersion}  ${strategyText(rollout)}`;
  const looked = lookTime ? `newest look ${timeText(lookTime)}` : "";
  return [
    ...sides([title, style.bold(title)], [text, style[tone](text)], columns),
    ...sides([rolloutId, style.dim(rolloutId)], [looked, style.dim(looked)], columns),
    ...(trouble ? wrap(`! ${trouble}`, columns).map(style.warn) : []),
  ];
}

type Dressed = readonly [plain: string, dressed: string];

/** One text on the left and one on the right; below each other where there is no room for both. */
function sides(
  [left, leftShown]: Dressed,
  [right, rightShown]: Dressed,
  columns: number,
): string[] {
  const gap = columns - widthOf(left) - widthOf(right);
  if (right === "") return [leftShown];
  return gap < 2 ? [leftShown, rightShown] : [leftShown + " ".repeat(gap) + rightShown];
}

function intervalLines(
  { rollout, history }: Watched,
  { columns, looks, hasLegend, style }: Layout,
): string[] {
  const { margin } = numbersOf(rollout, DECISIVE);
  if (margin === undefined) return [];
  const plot = plotIntervals({ looks: pickLooks(history, looks), margin, columns });
  if (plot.length === 0) return [];
  const { liveVersion, candidateVersion } = rollout;
  const confidence = rollout.requirements
    ? `, ${(100 * (1 - rollout.requirements.alpha)).toFixed(1)} % sure at every look`
    : "";
  const title = `${DECISIVE}, ${candidateVersion} minus ${liveVersion}, of ${liveVersion}'s${confidence}`;
  const legend = [
    "│ equal",
    `┆ margin ${shareText(margin)}`,
    "FAIL: all right of │",
    "PASS: matured trips all left of ┆",
  ];
  return [
    ...(hasLegend ? wrap(title, columns) : [clip(title, columns)]).map(style.dim),
    ...plot,
    ...flow(hasLegend ? legend : [], "   ", columns).map(style.dim),
  ];
}

function forecastText(rollout: Rollout): string {
  const { forecast, state, currentStage, cleanedUp } = rollout;
  if (isOver(rollout)) {
    const isWarm = state === RolloutState.PROMOTED && !cleanedUp;
    return isWarm ? "It has ended. The version before stays warm for a while." : "It has ended.";
  }
  if (currentStage === 0) return "The candidate is being deployed and asked golden requests.";
  return forecast?.because ?? "Nothing is foreseen yet.";
}
