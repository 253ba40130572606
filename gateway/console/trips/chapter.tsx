import { minutes, NOTHING, newYork, signed, usd } from "../../page/format.ts";
import type { ChapterView, InputView, SayingView } from "../../story/view.ts";
import { links } from "../use-route.ts";
import { CopyButton } from "./copy-button.tsx";
import { Range, type Scale } from "./range.tsx";

export interface ChapterProps {
  readonly tripId: string;
  readonly chapter: ChapterView;
  readonly scale: Scale;
}

/** An event of the ride, and what was said because of it. */
export function ChapterItem({ tripId, chapter, scale }: ChapterProps) {
  const { seq, event, occurredAt, traceId, sayings } = chapter;
  return (
    <li>
      <h3>
        <span class="soft">{seq}.</span> {event}{" "}
        {occurredAt !== null && <span class="soft at">{newYork(occurredAt)} New York</span>}{" "}
        {traceId !== "" && (
          <a class="to-trace" href={links.trip(tripId, traceId)}>
            trace
          </a>
        )}
      </h3>
      {sayings.map((saying) => (
        <Saying key={`${saying.service} ${saying.version}`} saying={saying} scale={scale} />
      ))}
    </li>
  );
}

function Saying({ saying, scale }: { readonly saying: SayingView; readonly scale: Scale }) {
  const { quantity, service, value, lower, upper, change, version, slot, digest } = saying;
  const isDuration = quantity === "duration";
  const text = isDuration ? minutes : usd;
  return (
    <div class="saying">
      <p class="said">
        <span class="quantity">{quantity}</span>{" "}
        <b class="amount">
          {text(value)}
          {isDuration && " min"}
        </b>{" "}
        <span class="soft">
          {text(lower)} to {text(upper)}
        </span>
        {change !== null && (
          <span class="change" title="against what was said before">
            {isDuration
              ? `${signed(change)} min`
              : `${change < 0 ? "−" : "+"}${usd(Math.abs(change))}`}
          </span>
        )}
      </p>
      {isDuration && <Range saying={saying} scale={scale} />}
      <p class="by">
        {slot !== "" && <span class={slot}>■</span>} {service} {version}{" "}
        <span class="soft">{slot}</span>{" "}
        {saying.isOtherVersion && <span class="tag warn">another version than before</span>}{" "}
        {digest !== "" && (
          <span class="id">
            <code title={digest}>{digest.slice(0, 12)}</code>{" "}
            <CopyButton text={digest} what={`the digest of ${service} ${version}`} />
          </span>
        )}
      </p>
      <Inputs saying={saying} />
    </div>
  );
}

function Inputs({ saying }: { readonly saying: SayingView }) {
  const { inputs, areTheInputs, intervalScale } = saying;
  if (inputs.length === 0) {
    return <p class="soft small">No model answered: from the table of zone pairs.</p>;
  }
  const changed = inputs.filter(({ isChanged }) => isChanged);
  return (
    <details>
      <summary>
        {changed.length > 0
          ? `because ${changed.map(assigned).join(", ")}`
          : `${inputs.length} inputs`}
      </summary>
      <dl class="inputs">
        {inputs.map((input) => (
          <div key={input.name} class={input.isChanged ? "changed" : ""}>
            <dt>
              {input.name}
              {input.isChanged && " (changed)"}
            </dt>
            <dd>{shown(input)}</dd>
          </div>
        ))}
      </dl>
      {intervalScale !== 1 && (
        <p class="small">The interval was widened {intervalScale.toFixed(2)} times.</p>
      )}
      {areTheInputs !== null && (
        <p class={areTheInputs ? "soft small" : "bad small"}>
          {areTheInputs
            ? "✓ What the model was fed, by its hash."
            : "! Not what the model was fed: the hash is another."}
        </p>
      )}
    </details>
  );
}

const assigned = (input: InputView) => `${input.name} ${shown(input)}`;

function shown({ value }: InputView): string {
  if (value === null) return NOTHING;
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}
