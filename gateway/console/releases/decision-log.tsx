import type { DecisionView } from "../../releases/view.ts";
import { when } from "./words.ts";

/** Who decided what, when and why; newest first. */
export function DecisionLog({ decisions }: { readonly decisions: readonly DecisionView[] }) {
  return (
    <ol class="log">
      {decisions.toReversed().map(({ at, who, what, why, stage }, i) => (
        <li key={decisions.length - i}>
          <p>
            <time dateTime={new Date(at).toISOString()} class="soft">
              {when(at)}
            </time>{" "}
            <b>{what}</b> by <b>{who}</b>
            {stage > 0 && <span class="soft">, stage {stage}</span>}
          </p>
          {why !== "" && <p class="why">{why}</p>}
        </li>
      ))}
    </ol>
  );
}
