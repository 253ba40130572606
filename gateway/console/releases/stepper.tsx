import type { RolloutView, StageView } from "../../releases/view.ts";
import { percent, span } from "./words.ts";

type Place = "done" | "now" | "next" | "left out";

const signs: Readonly<Record<Place, string>> = { done: "✓", now: "●", next: "○", "left out": "–" };

/** The stages in order, and where the rollout is. */
export function Stepper({ rollout }: { readonly rollout: RolloutView }) {
  const { stages, stage, endedAt } = rollout;
  const steps = [{ name: "deploy", says: "and ask golden requests" }, ...stages.map(stepOf)];
  return (
    <ol class="stepper" aria-label="Stages">
      {steps.map(({ name, says }, i) => {
        const place = placeOf(i, rollout);
        return (
          <li
            key={i}
            class={place.replace(" ", "-")}
            aria-current={i === stage && endedAt === null ? "step" : undefined}
          >
            <span aria-hidden="true">{signs[place]}</span> <b>{name}</b>
            <span class="soft small">{says}</span>
            <span class="unseen">{place}</span>
          </li>
        );
      })}
    </ol>
  );
}

function stepOf({ name, weight, mirror, bakeMs }: StageView) {
  const share = mirror > 0 ? `copies of ${percent(mirror)}` : `${percent(weight)} of riders`;
  return { name, says: `${share}, at least ${span(bakeMs)}` };
}

function placeOf(step: number, { stage, state, endedAt }: RolloutView): Place {
  if (state === "promoted") return step <= stage ? "done" : "left out";
  if (step < stage) return "done";
  if (step > stage) return endedAt === null ? "next" : "left out";
  return endedAt === null ? "now" : "left out";
}
