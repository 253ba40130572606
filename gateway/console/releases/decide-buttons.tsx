import { useState } from "preact/hooks";
import type { RolloutView } from "../../releases/view.ts";
import { CommandDialog } from "./command-dialog.tsx";
import { sendCommand } from "./send-command.ts";
import { percent } from "./words.ts";

const verbs = ["pause", "resume", "promote", "abort"] as const;
type Verb = (typeof verbs)[number];

const words: Readonly<Record<Verb, string>> = {
  pause: "Pause",
  resume: "Resume",
  promote: "Promote",
  abort: "Abort",
};

/** What a person may decide about a rollout; each asks why, and what cannot be done now says so. */
export function DecideButtons(props: { readonly rollout: RolloutView; readonly isAway: boolean }) {
  const { rollout, isAway } = props;
  const [open, setOpen] = useState<Verb>();
  const reasons = verbs.map((verb) => [verb, whyNot(verb, rollout, isAway)] as const);
  return (
    <div class="decide">
      <div class="actions">
        {reasons.map(([verb, reason]) => (
          <button
            key={verb}
            type="button"
            class={verb === "abort" ? "harsh" : verb === "promote" ? "main" : "quiet"}
            disabled={reason !== undefined}
            title={reason}
            aria-describedby={reason === undefined ? undefined : `${rollout.id}-reasons`}
            onClick={() => setOpen(verb)}
          >
            {words[verb]} …
          </button>
        ))}
      </div>
      <p class="soft small" id={`${rollout.id}-reasons`}>
        {summary(reasons)}
      </p>
      {open && (
        <CommandDialog
          title={`${words[open]} ${rollout.service} ${rollout.candidateVersion}`}
          says={consequence(open, rollout)}
          verb={words[open]}
          isHarsh={open === "abort"}
          send={(signed) => sendCommand(`/api/rollouts/${rollout.id}/${open}`, signed)}
          onClose={() => setOpen(undefined)}
        />
      )}
    </div>
  );
}

function whyNot(verb: Verb, { state, stage, endedAt }: RolloutView, isAway: boolean) {
  if (endedAt !== null) return `it has ended: ${state}`;
  if (isAway) return "the rollout service is away";
  if (verb === "pause" && state === "paused") return "it is paused";
  if (verb === "resume" && state === "running") return "it is running";
  if (verb === "promote" && stage === 0) return "the candidate is not deployed yet";
  return undefined;
}

/** The reasons in a line; one that holds for all is said once. */
function summary(reasons: readonly (readonly [Verb, string | undefined])[]): string {
  const given = reasons.flatMap(([verb, reason]) =>
    reason === undefined ? [] : [{ verb, reason }],
  );
  const [first] = given;
  if (!first) return "";
  if (given.length === verbs.length) return `No decisions now: ${first.reason}.`;
  return given.map(({ verb, reason }) => `No ${verb}: ${reason}.`).join(" ");
}

function consequence(verb: Verb, rollout: RolloutView): string {
  const { candidateVersion, liveVersion, stages, stage } = rollout;
  const weight = percent(stages[stage - 1]?.weight ?? 0);
  switch (verb) {
    case "pause":
      return `Weights stay as they are (${weight} to ${candidateVersion}); nothing is promoted, and a FAIL still acts.`;
    case "resume":
      return "It goes on in its stage; a held one has its deadline anew.";
    case "promote":
      return `All riders get ${candidateVersion} at once, whatever the evidence says.`;
    case "abort":
      return `All riders get ${liveVersion} at once, and ${candidateVersion} is removed.`;
  }
}
