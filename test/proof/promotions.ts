import type { Decision, Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { onStage, type Row } from "./scenario.ts";

/** A day of event time, which a PASS needs, is two and a half minutes. */
const SPEED = "600";
const SHADOW = "  - { mirror: 100%, bake: 30m, deadline: 2h }\n";
const canary = (percents: readonly number[]) =>
  percents.map((percent) => `  - { weight: ${percent}%, bake: 30m, deadline: 2h }\n`);
/** Duration in a shadow before; consumers of both slots see every event anyway. Tips as their preset begins. */
const stages: Readonly<Record<string, readonly string[]>> = {
  duration: [SHADOW, ...canary([1, 5, 25, 50, 100])],
  cost: canary([1, 5, 25, 50, 100]),
  tip: canary([5, 25, 50, 100]),
};
const PATIENCE_MS = 45 * 60_000;

/** A better version, by shadow (duration), then in a canary, then with everybody, by the default requirements. */
export function promote(service: string, told: (line: string) => void): Promise<Row> {
  return onStage(["--speed", SPEED, "--keep-warm", "1s"], async ({ releases }) => {
    const plan = `stages:\n${stages[service]?.join("")}`;
    const { rolloutId } = await releases.start(service, "v2", plan);
    const rollout = await releases.ended(rolloutId, PATIENCE_MS);
    for (const one of rollout.decisions) told(`${service} v2: ${tell(rollout, one)}`);
    const { blue, green } = await releases.traffic(service);
    const isByItself = rollout.decisions.slice(1).every(({ who }) => who === "judge");
    const isLive = green?.version === "v2" && green.weight === 10_000 && blue?.version === "";
    const [last] = rollout.decisions.slice(-1);
    return {
      what: `${service} v1 → v2, ${service === "duration" ? "shadow, then " : ""}canary of ${service === "tip" ? "" : "1, "}5, 25, 50, 100 %, default requirements`,
      isAsPromised: last?.what === "promote" && isByItself && isLive,
      measured: `${rollout.decisions.map((one) => tell(rollout, one)).join("; ")}; live: blue ${blue?.version || "-"} ${blue?.weight}, green ${green?.version || "-"} ${green?.weight}`,
    };
  });
}

/** `advance 2 by judge after 160 s, 2,612 pairs`. */
function tell({ createTime }: Rollout, { what, stage, who, time, evidence }: Decision): string {
  const seconds = Math.round(((time?.getTime() ?? 0) - (createTime?.getTime() ?? 0)) / 1000);
  const pairs = evidence.find(({ gate }) => gate === "realised error")?.numbers["n"];
  const after = pairs === undefined ? "" : `, ${pairs.toLocaleString("en-US")} pairs`;
  return `${what} ${stage} by ${who} after ${seconds} s${after}`;
}
