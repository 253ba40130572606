import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTrial, type Trial } from "./trial.ts";

let trial: Trial;
beforeEach(() => {
  trial = createTrial();
});
afterEach(() => trial.remove());

test("mesh becomes the CLI: same process, the arguments as given, the caller's folder", async () => {
  const elsewhere = join(trial.root, "..", "else where");
  mkdirSync(elsewhere);
  symlinkSync("../repository/mesh", join(elsewhere, "linked-mesh"));

  const ended = await trial.run(
    "/bin/sh",
    "-c",
    'cd "../else where" && exec ./linked-mesh quote "--from=a b" "*"',
  );

  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const said = JSON.parse(ended.stdout);
  expect(said).toMatchObject({
    pid: ended.pid,
    cwd: elsewhere,
    args: ["quote", "--from=a b", "*"],
  });
  expect(said.version).toBe(process.version);
});

test("with-tools runs its command in the root, with the packages' commands and the chosen node", async () => {
  trial.write("node_modules/.bin/node", "#!/bin/sh\necho the wrong node\n");
  const report =
    'console.log(process.cwd(), process.argv[1], process.env.PATH.split(":").slice(0, 2).join(":"))';

  const ended = await trial.run(
    "/bin/sh",
    "-c",
    `cd / && exec "$0" node -e '${report}' x`,
    `${trial.root}/setup/with-tools`,
  );

  const folders = `${trial.root}/.tools/bin:${trial.root}/node_modules/.bin`;
  expect(ended).toMatchObject({ code: 0, stderr: "", stdout: `${trial.root} x ${folders}\n` });
});

test("with-tools passes on its command's exit code, and wants a command", async () => {
  expect(await trial.run("setup/with-tools", "node", "-e", "process.exit(7)")).toMatchObject({
    code: 7,
  });
  const none = await trial.run("setup/with-tools");
  expect(none).toMatchObject({
    code: 2,
    stderr: "A command is missing: write setup/with-tools [--tests] COMMAND...\n",
  });
});

test("a second run writes nothing and says nothing", async () => {
  await trial.run("./mesh");
  const before = trial.snapshot();
  expect(await trial.run("./mesh")).toMatchObject({ code: 0, stderr: "" });
  expect(trial.snapshot()).toEqual(before);
});

test("node is missing: one sentence", async () => {
  trial.without("node");
  const ended = await trial.run("./mesh", "up");
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toBe("Node is missing: install Node 20 or newer, with npm.\n");
});

test("node is older than 20: one sentence", async () => {
  trial.script("node", "echo v18.20.4");
  const ended = await trial.run("./mesh", "up");
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toBe("Node v18.20.4 is too old: install Node 20 or newer, with npm.\n");
});

test("once chosen, the node serves though the PATH has a worse one", async () => {
  await trial.run("./mesh");
  trial.script("node", "echo v18.20.4");
  const ended = await trial.run("./mesh");
  expect(JSON.parse(ended.stdout).version).toBe(process.version);
});
