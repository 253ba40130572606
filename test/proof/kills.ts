import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { readMeshFile } from "../../cli/up/mesh-file.ts";
import { until } from "../harness/until.ts";
import { onStage, type Row, type Stage, shortRequirements } from "./scenario.ts";

const PLAN = `stages:
  - { weight: 20%, bake: 30m, deadline: 2h }
  - { weight: 50%, bake: 30m, deadline: 2h }
  - { weight: 100%, bake: 30m, deadline: 2h }
${shortRequirements}`;
const victims = {
  cost: ["nobody", "rollout", "envoy", "cost-green", "nats"],
  duration: ["nobody", "rollout", "envoy", "duration-green", "nats"],
} as const;
type Service = keyof typeof victims;

/**
 * Riders whose request finds the candidate dead get the baseline's answer, and when they are too many the judge asks a
 * person: at 4,000 times the speed two seconds of a restart are two hours of requests, so duration is replayed slower.
 */
const speeds: Readonly<Record<Service, string>> = { cost: "4000", duration: "600" };

/** One release, killed in each of its stages; it has to end like the one of which nobody was killed. */
export async function killInEveryStage(
  service: Service,
  told: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  let undisturbed = "";
  for (const victim of victims[service]) {
    const what = `${service} v2 in a canary, kill -9 of ${victim} in each of 3 stages`;
    const end = await onStage(["--speed", speeds[service], "--keep-warm", "1s"], (stage) =>
      release(stage, service, victim),
    ).catch((cause: unknown) => String(cause)); // one that does not end is no reason to ask no more
    told(`${service}, kill -9 of ${victim}: ${end}`);
    if (victim === "nobody") undisturbed = end;
    else {
      const isAsPromised = end === undisturbed;
      const measured = isAsPromised ? `as without: ${end}` : `${end}; without: ${undisturbed}`;
      rows.push({ what, isAsPromised, measured });
    }
  }
  return rows;
}

async function release(stage: Stage, service: Service, victim: string): Promise<string> {
  const { releases, dir } = stage;
  const { rolloutId } = await releases.start(service, "v2", PLAN);
  for (let at = 1; at <= 3; at++) {
    const isThere = ({ currentStage }: Rollout) => currentStage >= at;
    await releases.until(`it is in stage ${at}`, rolloutId, isThere, 300_000);
    if (victim !== "nobody") await kill(dir, victim);
  }
  const rollout = await releases.ended(rolloutId, 300_000);
  const { blue, green } = await releases.traffic(service);
  const slots = [blue, green].map((slot) => `${slot?.version || "-"} ${slot?.weight}`);
  return `${steps(rollout)}; blue ${slots[0]}, green ${slots[1]}`;
}

async function kill(dir: string, victim: string): Promise<void> {
  const pid = await until(`${victim} runs`, () => readMeshFile(dir)?.pids[victim]);
  process.kill(pid, "SIGKILL");
  await until(`${victim} runs again`, () => {
    const now = readMeshFile(dir)?.pids[victim];
    return now !== undefined && now !== pid;
  });
}

function steps({ decisions }: Rollout): string {
  return decisions.map(({ what, stage }) => `${what} ${stage}`).join(", ");
}
