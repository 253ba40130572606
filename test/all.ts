// `npm test`: every check, one after the other, with what each took. `--only checks` leaves out the tests.
import { spawn } from "node:child_process";
import { once } from "node:events";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const node = process.execPath;
const vitest = [node, "node_modules/vitest/vitest.mjs", "run", "--project"];
const checks: readonly Step[] = [
  { name: "contracts: lint", command: ["buf", "lint", "proto"] },
  { name: "contracts: format", command: ["buf", "format", "--diff", "--exit-code", "proto"] },
  {
    name: "contracts: no breaking change",
    command: ["buf", "breaking", "proto", "--against", "test/checks/released.binpb"],
  },
  { name: "contracts: generated code is current", command: [node, "test/checks/generated.ts"] },
  { name: "docs: telemetry is current", command: [node, "test/checks/telemetry.ts"] },
  { name: "dashboards are current", command: [node, "test/checks/dashboards.ts"] },
  { name: "alerts (with promtool)", command: [node, "test/checks/rules.ts"] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "format and lint", command: ["biome", "check", "--error-on-warnings", "."] },
  { name: "lint: promises", command: ["oxlint", "--type-aware", "--deny-warnings"] },
];
const tests: readonly Step[] = [
  { name: "training tests", command: ["training/check"] },
  { name: "unit and integration tests", command: [...vitest, "unit"] },
  { name: "the whole mesh", command: [...vitest, "mesh"] },
];

const steps = process.argv.includes("--only") ? checks : [...checks, ...tests];
const results: string[] = [];
let failed = 0;
for (const { name, command } of steps) {
  process.stdout.write(`\n── ${name}\n`);
  const started = performance.now();
  const code = await run(command);
  if (code !== 0) failed++;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  results.push(`${code === 0 ? "passed" : "FAILED"}  ${seconds.padStart(6)} s  ${name}`);
}
process.stdout.write(
  `\n${results.join("\n")}\n${steps.length - failed} passed, ${failed} failed\n`,
);
process.exit(failed === 0 ? 0 : 1);

async function run([command = "", ...args]: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
