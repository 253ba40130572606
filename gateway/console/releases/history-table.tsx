import type { PastRollout } from "../../releases/view.ts";
import { links } from "../use-route.ts";
import { span, stateSigns, when } from "./words.ts";

/** The rollouts that have ended, newest first: how, by whom and why. */
export function HistoryTable(props: {
  readonly history: readonly PastRollout[];
  readonly selected: string | undefined;
}) {
  return (
    <table class="history">
      <thead>
        <tr>
          <th scope="col">Ended</th>
          <th scope="col">Rollout</th>
          <th scope="col">Versions</th>
          <th scope="col">Strategy</th>
          <th scope="col">End</th>
          <th scope="col">By</th>
          <th scope="col">Because</th>
        </tr>
      </thead>
      <tbody>
        {props.history.map((one) => (
          <tr key={one.id} aria-selected={one.id === props.selected}>
            <td>
              {when(one.endedAt)}{" "}
              <span class="soft small">after {span(one.endedAt - one.startedAt)}</span>
            </td>
            <td>
              <a href={links.rollout(one.id)}>{one.id}</a>
            </td>
            <td>
              {one.liveVersion} → {one.candidateVersion}
            </td>
            <td>{one.strategy}</td>
            <td class={`state ${one.state}`}>
              {stateSigns[one.state]} {one.state}
            </td>
            <td>{one.who}</td>
            <td class="why">{one.why}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
