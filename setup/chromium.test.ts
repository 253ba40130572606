import { afterEach, beforeEach, expect, test } from "vitest";
import { answer, createTrial, type Trial } from "./trial.ts";

const isRoot = process.getuid?.() === 0;

let trial: Trial;
beforeEach(() => {
  trial = createTrial();
});
afterEach(() => trial.remove());

const withTests = async () => await trial.run("setup/with-tools", "--tests", "node", "-p", "'ran'");

test("a Chromium on the PATH is used; CHROMIUM_BIN wins", async () => {
  trial.script("google-chrome", answer("Google Chrome 140.0.1"));
  expect(await withTests()).toMatchObject({ code: 0, stdout: "ran\n", stderr: "" });
  expect(trial.tools()["chromium"]).toMatchObject({ version: "140.0.1", source: "PATH" });
  trial.script("other", answer("Chromium 141.0.2 built on Debian"));
  trial.env["CHROMIUM_BIN"] = `${trial.env["PATH"]}/other`;
  await withTests();
  expect(trial.tools()["chromium"]).toMatchObject({ version: "141.0.2", source: "CHROMIUM_BIN" });
});

test("only the tests need Chromium", async () => {
  expect(await trial.run("setup/with-tools", "node", "-p", "'ran'")).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(trial.tools()).not.toHaveProperty("chromium");
});

test("neither Chromium nor apt-get: one sentence", async () => {
  const ended = await withTests();
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(
    /^Chromium is missing: install it with your package manager, or set CHROMIUM_BIN/,
  );
});

test.runIf(isRoot)("as root, apt-get installs it", async () => {
  const place = `${trial.env["PATH"]}/chromium`;
  const install = `printf '#!/bin/sh\\necho Chromium 140.0.1\\n' >${place}; /bin/chmod +x ${place}`;
  trial.script(
    "apt-get",
    `echo "$DEBIAN_FRONTEND $*" >>calls; case "$*" in *install*) ${install};; esac`,
  );
  const ended = await withTests();
  expect(ended).toMatchObject({ code: 0, stdout: "ran\n" });
  expect(ended.stderr).toMatch(/: installed in \d+ s\n$/);
  expect(trial.tools()["chromium"]).toMatchObject({ path: place, source: "PATH" });
  expect(trial.read("calls")).toMatch(
    /^noninteractive .* update\nnoninteractive .* install -y --no-install-recommends chromium\n$/,
  );
});

test.runIf(isRoot)("apt-get without a network: one sentence", async () => {
  trial.script("apt-get", 'echo "Err: Temporary failure resolving the mirror"; exit 100');
  const ended = await withTests();
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(
    /\nChromium cannot be downloaded: connect to the network .*\/\.tools\/apt\.log\)\.\n$/,
  );
});

test.runIf(!isRoot)("not root: one sentence with the command", async () => {
  trial.script("apt-get", "exit 1");
  expect((await withTests()).stderr).toMatch(
    /^Chromium is missing: run `sudo apt-get install chromium`/,
  );
});
