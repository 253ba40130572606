// `npm run proof:releases`: the judge on real prediction errors, then releases in whole meshes: broken versions,
// kills in every stage, weight changes and replacements under load. Exit code 0: all as promised.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killInEveryStage } from "./kills.ts";
import { changeUnderLoad, replaceUnderLoad } from "./load.ts";
import { promote } from "./promotions.ts";
import { rollBack } from "./rollbacks.ts";
import type { Row } from "./scenario.ts";

const HELP = `usage: npm run proof:releases -- [options]
  --runs N       roll-backs of each broken version (default 5)
  --starts N     random starts a pair, for the judge (default 100)
  --only TEXT    only the parts whose name contains it: judge, promotions, rollbacks, kills, load
`;
const root = join(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    starts: { type: "string", default: "100" },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const runs = Number(values.runs);
const told = (line: string) => process.stderr.write(`${line}\n`);

const parts: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  judge: async () => [await proveJudge(values.starts)],
  "promotions duration": async () => [await promote("duration", told)],
  "promotions cost": async () => [await promote("cost", told)],
  "promotions tip": async () => [await promote("tip", told)],
  "rollbacks duration": async () => [
    await rollBack("duration", "v4-zones", runs, told),
    await rollBack("duration", "v3-utc", runs, told),
  ],
  "rollbacks cost": async () => [await rollBack("cost", "v3-zones", runs, told)],
  "rollbacks tip": async () => [await rollBack("tip", "v3-zones", runs, told)],
  "kills cost": () => killInEveryStage("cost", told),
  "kills duration": () => killInEveryStage("duration", told),
  load: async () => [await changeUnderLoad(), await replaceUnderLoad()],
};

const rows: Row[] = [];
for (const [name, run] of Object.entries(parts)) {
  if (!name.includes(values.only)) continue;
  const began = performance.now();
  told(`── ${name}`);
  try {
    rows.push(...(await run()));
  } catch (cause) {
    const measured = cause instanceof Error ? cause.message : String(cause);
    rows.push({ what: name, isAsPromised: false, measured });
  }
  told(`── ${name}: ${Math.round((performance.now() - began) / 1000)} s`);
}
const lines = rows.map(
  ({ what, isAsPromised, measured }) =>
    `| ${what} | ${isAsPromised ? "yes" : "NO"} | ${measured.replaceAll("\n", "; ")} |`,
);
process.stdout.write(
  `${["| what | as promised | measured |", "|---|---|---|", ...lines].join("\n")}\n`,
);
process.exit(rows.every(({ isAsPromised }) => isAsPromised) ? 0 : 1);

/** Its own report is printed as it comes. */
async function proveJudge(starts: string): Promise<Row> {
  const file = "services/rollout/judge/proof/main.ts";
  const child = spawn(process.execPath, [file, "--starts", starts, "--metered"], {
    cwd: root,
    stdio: "inherit",
  });
  const [code] = (await once(child, "exit")) as [number | null];
  const what = `the judge on real prediction errors, ${starts} starts a pair`;
  return { what, isAsPromised: code === 0, measured: code === 0 ? "the tables above" : "failed" };
}
