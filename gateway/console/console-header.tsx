import { newYork } from "../page/format.ts";
import type { OpenRollout } from "../releases/view.ts";
import type { ServiceVersions, Snapshot } from "../snapshot.ts";
import type { ConsoleState } from "./console-stream.ts";
import { percent } from "./releases/words.ts";
import { links, type Route } from "./use-route.ts";

const kinds: Record<Snapshot["trips"], string> = {
  recorded: "replay of recorded trips",
  synthetic: "synthetic trips",
  live: "live trips",
};

const pages = [
  ["live", "Live"],
  ["trips", "Trips"],
  ["releases", "Releases"],
  ["batch", "Batch"],
] as const;

/** The same on all pages: whether all is well, what is live, what is being released, and the way to each page. */
export function ConsoleHeader(props: { readonly state: ConsoleState; readonly route: Route }) {
  const { snapshot, connection, releases } = props.state;
  const running = releases?.open.filter(({ endedAt }) => endedAt === null) ?? [];
  return (
    <header>
      <h1>tripmesh</h1>
      <nav aria-label="Pages">
        {pages.map(([page, name]) => (
          <a
            key={page}
            href={links[page]}
            aria-current={props.route.page === page ? "page" : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
      {snapshot && <span class="tag">{kinds[snapshot.trips]}</span>}
      <span class={connection === "live" ? "tag ok" : "tag warn"} role="status">
        {connection === "live" ? "● live" : `${connection} …`}
      </span>
      {snapshot && snapshot.clock > 0 && (
        <span class="clock" title="Event time: the latest event that was accepted">
          {newYork(snapshot.clock)} <span class="soft">New York</span>
        </span>
      )}
      {running.map((rollout) => (
        <RunningRollout key={rollout.id} rollout={rollout} />
      ))}
      <ul class="versions" aria-label="Live versions">
        {snapshot?.versions.map((versions) => (
          <Service key={versions.service} versions={versions} />
        ))}
      </ul>
    </header>
  );
}

function RunningRollout({ rollout }: { readonly rollout: OpenRollout }) {
  const { id, service, liveVersion, candidateVersion, stage, stages, state } = rollout;
  const where = stages[stage - 1]?.name ?? "deploying";
  return (
    <a class={`tag running ${state === "running" ? "" : "warn"}`} href={links.rollout(id)}>
      {state === "running" ? "▶" : "‖"} {service} {liveVersion} → {candidateVersion}, {where}
      {state !== "running" && `, ${state}`}
    </a>
  );
}

function Service({ versions }: { readonly versions: ServiceVersions }) {
  const { service, slots, seen } = versions;
  const serving = slots.filter(({ weight }) => weight > 0);
  return (
    <li title={seen.length > 0 ? `answered lately: ${seen.join(", ")}` : "has not answered lately"}>
      <span class="soft">{service}</span> {serving.length === 0 && <b>{seen[0] ?? "?"}</b>}
      {serving.map(({ slot, version, weight }) => (
        <b key={slot}>
          <span class={slot}>■</span> {version}{" "}
          <span class="soft small">
            {slot}
            {weight < 10_000 && ` ${percent(weight)}`}
          </span>
        </b>
      ))}
    </li>
  );
}
