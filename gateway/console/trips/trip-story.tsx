import { useMemo } from "preact/hooks";
import { minutes, signed, usd } from "../../page/format.ts";
import { newTraceparent } from "../../page/trace.ts";
import { nameOf } from "../../page/zones.ts";
import type { StoryView } from "../../story/view.ts";
import { newId } from "../releases/send-command.ts";
import { useZones } from "../use-zones.ts";
import { ChapterItem } from "./chapter.tsx";
import { CopyButton } from "./copy-button.tsx";
import { grpcurlLine } from "./grpcurl.ts";
import { scaleOf } from "./range.tsx";
import { usePolled } from "./use-polled.ts";

const EVERY_MS = 2000;
/** Predictions about the last event come after it: a finished trip is asked for so often. */
const ANSWERS_AFTER_END = 5;

/** What a ride was told, step by step, and what came true. */
export function TripStory({ tripId }: { readonly tripId: string }) {
  const { value: story, problem } = usePolled<StoryView>(
    `/api/trips/${encodeURIComponent(tripId)}/story`,
    EVERY_MS,
    ({ isOver }, answers) => isOver && answers >= ANSWERS_AFTER_END,
  );
  return (
    <section class="card story" aria-label="Story">
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem[0]?.toUpperCase()}
          {problem.slice(1)}. This page asks again every two seconds.
        </p>
      )}
      {!story && problem === undefined && <p class="empty soft">Asking for {tripId} …</p>}
      {story && <Told story={story} />}
    </section>
  );
}

function Told({ story }: { readonly story: StoryView }) {
  const { tripId, pickupZone, dropoffZone, chapters, isCut } = story;
  const zones = useZones();
  const byId = useMemo(() => new Map(zones.map((zone) => [zone.id, zone])), [zones]);
  const scale = useMemo(() => scaleOf(story), [story]);
  const line = useMemo(
    () => grpcurlLine(story, { requestId: newId(), traceparent: newTraceparent() }),
    [tripId],
  );
  return (
    <>
      <div class="head">
        <h2>
          {nameOf(byId, pickupZone)} → {nameOf(byId, dropoffZone)}
        </h2>
        <span class="id">
          <code>{tripId}</code> <CopyButton text={tripId} what="the trip's id" />
        </span>
      </div>
      <ol class="chapters">
        {chapters.map((chapter) => (
          <ChapterItem key={chapter.seq} tripId={tripId} chapter={chapter} scale={scale} />
        ))}
        <Truth story={story} />
      </ol>
      {isCut && <p class="soft small">The trip has more events than are shown here.</p>}
      <details class="again">
        <summary>Ask for the same ride again</summary>
        <p class="soft small">
          A new trip of the rider <code>me</code>, and its trace is recorded.{" "}
          <code>{story.backend}</code> is Backend's address as the gateway knows it.
        </p>
        <div class="line">
          <code>{line}</code> <CopyButton text={line} what="the grpcurl line" />
        </div>
      </details>
    </>
  );
}

function Truth({ story: { truth, chapters, isOver } }: { readonly story: StoryView }) {
  if (!truth) {
    return (
      <li class="truth">
        <h3 class="soft">
          {isOver ? "No truth: the ride was not driven" : "… the truth is not known yet"}
        </h3>
      </li>
    );
  }
  const durations = chapters
    .flatMap(({ sayings }) => sayings)
    .filter(({ quantity }) => quantity === "duration");
  const first = durations[0];
  const last = durations.length > 1 ? durations.at(-1) : undefined;
  const isInside = first && truth.minutes >= first.lower && truth.minutes <= first.upper;
  return (
    <li class="truth">
      <h3>Truth</h3>
      <p>
        <b class="amount">{minutes(truth.minutes)} min</b>, {usd(truth.costUsd)}, tip{" "}
        {truth.tipUsd === null ? "not known" : usd(truth.tipUsd)}
      </p>
      {first && (
        <p>
          First estimate {signed(first.value - truth.minutes)} min off,{" "}
          {isInside ? (
            "✓ truth inside its interval"
          ) : (
            <span class="bad">! truth outside its interval</span>
          )}
          {last && `; last correction ${signed(last.value - truth.minutes)} min off`}
        </p>
      )}
    </li>
  );
}
