// `npm run faults`: breaks the streaming half of the mesh in every way that faults.ts knows, again and again,
// and has what came of it checked. Exit code 0: no promise was broken (with --broken: one was, and found).
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Fault, faults } from "./faults.ts";
import { type Options, readOptions } from "./options.ts";
import { type Counted, summary, writeSummary } from "./report.ts";
import { run } from "./run.ts";
import { type Stage, startStage, topologies } from "./stage.ts";

const root = join(import.meta.dirname, "../..");
/** What a broken run has recorded, to look into. */
const evidenceDir = join(root, ".mesh/faults");

const options = readOptions(process.argv.slice(2));
const chosen = faults.filter(
  ({ name, topology }) =>
    options.topologies.includes(topology) &&
    (options.only.length === 0 || options.only.some((text) => name.includes(text))),
);
if (chosen.length === 0) {
  process.stderr.write("No fault has such a name: see --list.\n");
  process.exit(2);
}
if (chosen.some(({ topology }) => topology === "small-disk")) mayMount();
const say = (line: string) => {
  if (!options.json) process.stdout.write(`${line}\n`);
};
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(130);
    say("stopping after this run");
    stopping.abort();
  });
}

const results = await campaign(chosen, options);
for (const line of summary(results)) say(line);
const broken = results.filter(({ violations }) => violations.length > 0);
say(`${results.length} runs, ${broken.length} with violations`);
if (options.write) writeSummary(results, options.seed);
process.exit(broken.length > 0 === options.broken ? 0 : 1);

/** Every run, on one stage a topology: what an earlier fault has left behind is there for the next one. */
async function campaign(among: readonly Fault[], { runs, seed }: Options): Promise<Counted[]> {
  const plan = planRuns(among, runs);
  const done: Counted[] = [];
  for (const topology of topologies) {
    const mine = plan.filter(({ fault }) => fault.topology === topology);
    if (mine.length === 0) continue;
    say(`starting the ${topology} mesh ...`);
    const stage = await startStage(topology, {
      brokenBy: options.broken ? join(import.meta.dirname, "broken.ts") : undefined,
    });
    try {
      for (const { fault, index } of mine) {
        if (stopping.signal.aborted) break;
        done.push(await one(stage, fault, seed + index, `${done.length + 1}/${plan.length}`));
      }
    } finally {
      await stage.stop();
    }
  }
  return done;
}

/** The faults take turns; those that take minutes come once. */
function planRuns(among: readonly Fault[], runs: number): { fault: Fault; index: number }[] {
  const long = among.filter(({ isLong }) => isLong).slice(0, runs);
  const others = among.filter(({ isLong }) => !isLong);
  const turns = others.length === 0 ? 0 : runs - long.length;
  const order = [
    ...long,
    ...Array.from({ length: turns }, (_, turn) => others[turn % others.length]),
  ];
  return order.flatMap((fault, index) => (fault ? [{ fault, index }] : []));
}

async function one(stage: Stage, fault: Fault, seed: number, count: string): Promise<Counted> {
  const { evidence, ...result } = await run(stage, fault, seed);
  const { violations, recoveryMs, tookMs, what } = result;
  const verdict = violations.length === 0 ? "ok" : `${violations.length} VIOLATIONS`;
  const times = `${(tookMs / 1000).toFixed(1)} s, recovery ${(recoveryMs / 1000).toFixed(1)} s`;
  say(
    `${count.padStart(9)}  seed ${seed}  ${fault.name}${what && `: ${what}`}  ${verdict}  ${times}`,
  );
  for (const { rule, detail } of violations.slice(0, 10)) say(`           ${rule}: ${detail}`);
  if (violations.length > 0) {
    mkdirSync(evidenceDir, { recursive: true });
    const file = join(evidenceDir, `${seed}.json`);
    const text = (_: string, value: unknown) =>
      typeof value === "bigint"
        ? String(value)
        : value instanceof Map
          ? Object.fromEntries(value)
          : value;
    writeFileSync(file, JSON.stringify({ ...result, evidence }, text, 1));
    say(`           recorded in ${file}`);
  }
  const counted = { ...result, topology: fault.topology };
  if (options.json) process.stdout.write(`${JSON.stringify(counted)}\n`);
  return counted;
}

/** Small disks are mounted in a namespace of their own, which vanishes with the last process in it. */
function mayMount(): void {
  const inside = "TRIPMESH_FAULTS_MOUNTS";
  if (process.env[inside] === "1") return;
  const isRoot = process.getuid?.() === 0;
  const namespace = isRoot
    ? ["--mount"]
    : ["--user", "--map-current-user", "--keep-caps", "--mount"];
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync("unshare", [...namespace, ...command], {
    stdio: "inherit",
    env: { ...process.env, [inside]: "1" },
  });
  if (error) {
    process.stderr.write(
      `A small disk cannot be mounted (unshare: ${error.message}); leave it out with --topology single.\n`,
    );
  }
  process.exit(status ?? 1);
}
