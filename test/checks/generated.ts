// Generates the code again, elsewhere, and compares: what is checked in must be what the contracts say.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dir = mkdtempSync(join(tmpdir(), "tripmesh-gen-"));
try {
  execFileSync("buf", ["generate", "--output", dir], { stdio: "inherit" });
  const paths = [
    "proto/tripmesh",
    "proto/inference",
    "node_modules/google-gax/build/protos/google/rpc",
    "node_modules/grpc-health-check/proto/health",
  ].flatMap((path) => ["--path", path]);
  execFileSync("buf", ["build", ...paths, "-o", join(dir, "gen/descriptor.binpb")], {
    stdio: "inherit",
  });
  const stale = differences("gen", join(dir, "gen"));
  if (stale.length > 0) {
    process.stderr.write(`Not as the contracts say: ${stale.join(", ")}. Run \`npm run gen\`.\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(dir, { recursive: true });
}

function differences(a: string, b: string): string[] {
  const files = (root: string) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  const names = new Set([...files(a), ...files(b)]);
  const read = (root: string, name: string) => {
    try {
      return readFileSync(join(root, name), "latin1");
    } catch {
      return undefined; // there on one side only
    }
  };
  return [...names].filter((name) => read(a, name) !== read(b, name));
}
