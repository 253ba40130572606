import { afterEach, beforeEach, expect, test } from "vitest";
import { createTrial, lockPackages, type Trial } from "./trial.ts";

const ABSENT = {
  "node_modules/left-out": { version: "1.0.0", integrity: `sha512-${"A".repeat(86)}==` },
};

let trial: Trial;
beforeEach(() => {
  trial = createTrial();
});
afterEach(() => trial.remove());

test("a tree that npm installed from the same lock is adopted, without npm", async () => {
  expect(await trial.run("./mesh")).toMatchObject({ code: 0, stderr: "" });
  expect(trial.has("node_modules/.tripmesh")).toBe(true);
});

test("the locked packages are installed when the lock changes, and only then", async () => {
  trial.borrow("npm");
  await trial.run("./mesh");
  trial.write("node_modules/stray/index.js", "");
  trial.write("package-lock.json", `${trial.read("package-lock.json")}\n`);
  trial.write(
    "node_modules/.package-lock.json",
    '{ "packages": { "node_modules/stray": { "version": "1.0.0" } } }',
  );
  const first = await trial.run("./mesh");
  expect(first.stderr).toMatch(/^npm packages .* \.\.\.\nnpm packages: installed in \d+ s\n$/);
  expect(first.code).toBe(0);
  expect(trial.has("node_modules/stray")).toBe(false);
  expect(await trial.run("./mesh")).toMatchObject({ code: 0, stderr: "" });
});

test("no network for npm: one sentence that names its log, and no half-installed packages", async () => {
  trial.borrow("npm");
  trial.write(
    "package.json",
    '{ "name": "trial", "version": "0.0.0", "dependencies": { "left-out": "1.0.0" } }',
  );
  lockPackages(trial, {
    "": { name: "trial", version: "0.0.0", dependencies: { "left-out": "1.0.0" } },
    ...ABSENT,
  });
  trial.env["npm_config_registry"] = "http://127.0.0.1:1";
  const ended = await trial.run("./mesh");
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(
    /\.\.\.\nThe npm registry cannot be reached: .* \(npm's log: .*\/\.tools\/npm\.log\)\.\n$/,
  );
  expect(trial.read(".tools/npm.log")).toContain("ECONNREFUSED");
  expect(trial.has("node_modules")).toBe(false);
}, 20_000);

test("npm refuses the lock: its code and its log are named", async () => {
  trial.script("npm", 'echo "npm error code EUSAGE"; exit 1');
  lockPackages(trial, ABSENT);
  const ended = await trial.run("./mesh");
  expect(ended.stderr).toMatch(
    /\nnpm ci failed \(EUSAGE\): read npm's log, .*\/\.tools\/npm\.log, .*\n$/,
  );
  expect(ended.code).toBe(1);
});

test("npm is missing", async () => {
  lockPackages(trial, ABSENT);
  const ended = await trial.run("./mesh");
  expect(ended.stderr).toBe("npm is missing: install npm 10 or newer, which comes with Node.\n");
  expect(ended.code).toBe(1);
});

test("npm runs without this repository's folders on its PATH", async () => {
  trial.script("npm", 'echo "$PATH" >path-of-npm; /bin/mkdir -p node_modules');
  lockPackages(trial, ABSENT);
  const machine = trial.env["PATH"];
  trial.env["PATH"] = `${trial.root}/node_modules/.bin:${machine}`;
  await trial.run("./mesh");
  expect(trial.read("path-of-npm").trim()).toBe(machine);
});

test("complete-lock adds a stub for each optional package that the lock lacks, once", async () => {
  const optionalDependencies = {
    "@tool/cli-darwin-arm64": "^2.0.0",
    "tool-linux-x64-musl": "2.0.0",
  };
  lockPackages(trial, {
    "node_modules/tool": { version: "2.0.0", dev: true, optionalDependencies },
  });
  const complete = async () => await trial.run(process.execPath, "setup/complete-lock.mjs");
  expect((await complete()).stdout).toBe("2 stubs added\n");
  const { packages } = JSON.parse(trial.read("package-lock.json"));
  expect(packages["node_modules/@tool/cli-darwin-arm64"]).toEqual({
    version: "2.0.0",
    optional: true,
    os: ["darwin"],
    cpu: ["arm64"],
    dev: true,
  });
  expect(packages["node_modules/tool-linux-x64-musl"]).toMatchObject({
    os: ["linux"],
    cpu: ["x64"],
    libc: ["musl"],
  });
  expect((await complete()).stdout).toBe("0 stubs added\n");
});
