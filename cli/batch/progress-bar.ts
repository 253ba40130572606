import type { RunProgress } from "../../services/batch/run/run-window.ts";
import type { Style } from "../output/style.ts";
import { numberText } from "../rollout/report/amounts.ts";

const WIDTH = 24;
/** How often a bar is drawn anew on a terminal, and a line printed elsewhere, ms. */
const REDRAW_MS = 100;
const PATIENCE_MS = 5_000;

export interface ProgressBar {
  show(title: string, progress: RunProgress): void;
  /** Makes room for other lines. */
  clear(): void;
}

export interface BarParts {
  readonly stdout: Pick<NodeJS.WriteStream, "isTTY" | "write">;
  readonly style: Style;
  readonly print: (line: string) => void;
  readonly nowMs: () => number;
}

/** A bar that is drawn in place on a terminal; elsewhere a line now and then. */
export function createProgressBar({ stdout, style, print, nowMs }: BarParts): ProgressBar {
  const isTerminal = stdout.isTTY === true;
  let [runId, begunMs, shownMs, isDrawn] = ["", 0, 0, false];
  const clear = () => {
    if (isDrawn) stdout.write("\r\u001b[K");
    isDrawn = false;
  };
  return {
    clear,
    show(title, progress) {
      const now = nowMs();
      if (progress.runId !== runId) [runId, begunMs, shownMs] = [progress.runId, now, now];
      else if (now - shownMs < (isTerminal ? REDRAW_MS : PATIENCE_MS)) return;
      else shownMs = now;
      const line = `${title}  ${progressText(progress, now - begunMs, style)}`;
      if (isTerminal) {
        stdout.write(`\r\u001b[K${line}`);
        isDrawn = true;
      } else if (now > begunMs) print(line);
    },
  };
}

/** `━━━━━━━───── 58 %  44,380 of 76,518 rows  19,800 rows/s  2 s left  0 quarantined` */
export function progressText(progress: RunProgress, elapsedMs: number, style: Style): string {
  const { done, total, quarantined, resumed } = progress;
  const share = total === 0 ? 1 : done / total;
  const filled = Math.round(share * WIDTH);
  const rate = elapsedMs > 0 ? ((done - resumed) / elapsedMs) * 1000 : 0;
  const left = rate > 0 ? `${Math.ceil((total - done) / rate)} s left` : "";
  const bad = `${numberText(quarantined)} quarantined`;
  return [
    `${style.good("━".repeat(filled))}${style.dim("─".repeat(WIDTH - filled))}`,
    `${String(Math.floor(100 * share)).padStart(3)} %`,
    `${numberText(done)} of ${numberText(total)} rows`,
    rate > 0 ? `${numberText(Math.round(rate))} rows/s` : "",
    left,
    quarantined > 0 ? style.warn(bad) : bad,
  ]
    .filter((part) => part !== "")
    .join("  ");
}
