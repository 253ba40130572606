import { type GateResult, type Rollout, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { verdictText } from "../../output/rollout-text.ts";
import type { Style } from "../../output/style.ts";
import { timeText } from "./time-text.ts";
import { clip, pad, wrap } from "./wrap.ts";

const signs: Readonly<Record<number, string>> = {
  [Verdict.PASS]: "✓",
  [Verdict.FAIL]: "✗",
  [Verdict.HOLD]: "!",
};
const VERDICT = 12;
/** Below this the sentence stands under the name of its gate. */
const BESIDE = 70;
const INDENT = 4;

interface Options {
  readonly columns: number;
  readonly style: Style;
  /** Whole sentences, a line a gate, or a line for each that does not pass. */
  readonly gates: "sentences" | "lines" | "open";
}

/** Every gate with its verdict and its sentence. */
export function gateLines({ gates }: Rollout, options: Options): string[] {
  const open = gates.filter(({ verdict }) => verdict !== Verdict.PASS);
  const shown = options.gates === "open" ? open : gates;
  const names = Math.max(0, ...gates.map(({ gate }) => [...gate].length)) + 2;
  const lines = shown.flatMap((gate) => linesOf(gate, names, options));
  const passed = gates.length - shown.length;
  const { columns, style } = options;
  return passed === 0
    ? lines
    : [...lines, clip(`${mark(Verdict.PASS, style)}${passed} others`, columns)];
}

function linesOf(
  { gate, verdict, because }: GateResult,
  names: number,
  options: Options,
): string[] {
  const { columns, style, gates } = options;
  const head = mark(verdict, style);
  const room = columns - VERDICT - names;
  if (gates !== "sentences") return [head + pad(gate, names) + clip(because, Math.max(1, room))];
  if (columns < BESIDE) {
    const said = wrap(because, columns - INDENT).map((line) => " ".repeat(INDENT) + line);
    return [head + gate, ...said];
  }
  const blank = " ".repeat(VERDICT + names);
  return wrap(because, room).map((line, i) => (i === 0 ? head + pad(gate, names) : blank) + line);
}

function mark(verdict: Verdict, style: Style): string {
  return dress(pad(`${signs[verdict] ?? "·"} ${verdictText(verdict)}`, VERDICT), verdict, style);
}

function dress(text: string, verdict: Verdict, { good, bad, warn, dim }: Style): string {
  if (verdict === Verdict.PASS) return good(text);
  if (verdict === Verdict.FAIL) return bad(text);
  return verdict === Verdict.HOLD ? warn(text) : dim(text);
}

/** The last decisions, newest first: three of them, or one in a line where there is little room. */
export function decisionLines(
  { decisions }: Rollout,
  { columns, isShort }: { readonly columns: number; readonly isShort: boolean },
): string[] {
  const last = decisions.slice(isShort ? -1 : -3).toReversed();
  return last.flatMap(({ time, what, who, why }) => {
    const text = `${time ? timeText(time) : ""}  ${what} by ${who}${why ? `: ${why}` : ""}`;
    return isShort ? [clip(text, columns)] : wrap(text, columns).slice(0, 3);
  });
}
