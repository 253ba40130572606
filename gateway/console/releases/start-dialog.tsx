import { useEffect, useState } from "preact/hooks";
import type { Bundles, ReleasesView } from "../../releases/view.ts";
import { links } from "../use-route.ts";
import { CommandDialog } from "./command-dialog.tsx";
import { ask, newId, sendCommand } from "./send-command.ts";

/** Strategies by the words of the command line, and what each does. */
const strategies = [
  ["canary", "more riders step by step, each step judged; promoted by itself"],
  ["blue-green", "all riders in one push, after golden requests; back by the reverse"],
  ["shadow", "copies of every request, no rider sees it; a person decides"],
  ["ab", "half of the riders, to compare; a person decides"],
  ["rolling", "the live slot's processes replaced one by one"],
] as const;

/** Starts a rollout with a preset; plans of one's own are for the command line. */
export function StartDialog(props: {
  readonly releases: ReleasesView;
  readonly onClose: () => void;
}) {
  const { releases, onClose } = props;
  const [bundles, setBundles] = useState<Bundles>();
  const [problem, setProblem] = useState<string>();
  const [service, setService] = useState("");
  const [version, setVersion] = useState("");
  const [strategy, setStrategy] = useState<string>("canary");
  const [requestId] = useState(newId); // one rollout, however often it is sent
  useEffect(() => {
    ask<Bundles>("/api/bundles").then(setBundles, (cause: unknown) => setProblem(String(cause)));
  }, []);

  const choose = (name: string) => {
    setService(name);
    setVersion("");
  };
  const busy = releases.open.find((one) => one.service === service);
  const live = releases.services.find((one) => one.service === service);
  const liveVersions = live
    ? Object.values(live.slots).flatMap((slot) => (slot.weight > 0 ? [slot.version] : []))
    : [];
  const [, strategySays] = strategies.find(([name]) => name === strategy) ?? [];
  const blocked = whyNot({ problem, service, version, busy: busy?.id });
  return (
    <CommandDialog
      title="Start a rollout"
      says="The candidate is deployed beside the live version and judged on finished rides."
      verb="Start"
      blocked={blocked}
      send={async (signed) => {
        const wanted = { ...signed, requestId, service, version, strategy };
        const { rollout } = await sendCommand<{ rollout: { id: string } | null }>(
          "/api/rollouts",
          wanted,
        );
        if (rollout) location.hash = links.rollout(rollout.id);
      }}
      onClose={onClose}
    >
      <label>
        Service
        <select required value={service} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">choose …</option>
          {Object.keys(bundles ?? {}).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        Version
        <select
          required
          disabled={service === ""}
          value={version}
          onChange={(event) => setVersion(event.currentTarget.value)}
        >
          <option value="">choose …</option>
          {(bundles?.[service] ?? []).map((name) => (
            <option key={name} value={name} disabled={liveVersions.includes(name)}>
              {liveVersions.includes(name) ? `${name} (live)` : name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Strategy
        <select value={strategy} onChange={(event) => setStrategy(event.currentTarget.value)}>
          {strategies.map(([name]) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <span class="soft small">{strategySays}</span>
      </label>
    </CommandDialog>
  );
}

function whyNot(chosen: {
  readonly problem: string | undefined;
  readonly service: string;
  readonly version: string;
  readonly busy: string | undefined;
}): string | undefined {
  if (chosen.problem !== undefined) return `The versions are not known: ${chosen.problem}`;
  if (chosen.busy !== undefined)
    return `${chosen.busy} is not over: one rollout of a service at a time.`;
  if (chosen.service === "" || chosen.version === "") return "Choose a service and a version.";
  return undefined;
}
