// node setup/complete-lock.mjs [LOCK]: adds the optional packages that package-lock.json lacks. Run it after every
// `npm install` that changes the lock.
//
// Some registries (mirrors, proxies) serve no packages of platforms other than their own. npm then leaves those
// packages out of the lock when it writes it, and `npm ci` refuses that same lock because they are "Missing". A
// stub with version, os and cpu is enough for npm ci to be content and to skip the package. A stub has no
// integrity: on the platform that it is for, npm installs the package by name and version, unverified.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OS = "darwin linux win32 windows android freebsd openbsd netbsd sunos aix openharmony".split(
  " ",
);
const CPU = "arm64 x64 ia32 arm armv7 s390x ppc64 riscv64 loong64 mips64el wasm32".split(" ");

const path = process.argv[2] ?? fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8"));
const stubs = missing(lock.packages).map(({ name, spec, wantedBy }) => [
  `node_modules/${name}`,
  stub(name, spec, wantedBy),
]);
if (stubs.length > 0) {
  const all = Object.entries({ ...lock.packages, ...Object.fromEntries(stubs) });
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
}
console.log(`${stubs.length} stubs added`);

function missing(packages) {
  return Object.entries(packages).flatMap(([where, wantedBy]) =>
    Object.entries(wantedBy.optionalDependencies ?? {})
      .filter(
        ([name]) =>
          !(`node_modules/${name}` in packages || `${where}/node_modules/${name}` in packages),
      )
      .map(([name, spec]) => ({ name, spec, wantedBy })),
  );
}

/** The platform is in the name by custom: @biomejs/cli-darwin-arm64, lightningcss-linux-x64-musl. */
function stub(name, spec, wantedBy) {
  const words = name.split(/[-/_]/);
  const os = OS.find((word) => words.includes(word));
  const cpu = CPU.find((word) => words.includes(word));
  return {
    version: spec.replace(/^[\^~]/, ""),
    optional: true,
    os: [os === "windows" ? "win32" : (os ?? "none")], // "none": installed nowhere
    ...(cpu && { cpu: [cpu] }),
    ...(name.includes("musl") && { libc: ["musl"] }),
    ...(wantedBy.dev && { dev: true }),
  };
}
