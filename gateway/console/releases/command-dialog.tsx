import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

/** Who decides and why, as the log will have it. */
export interface Signed {
  readonly who: string;
  readonly why: string;
}

export interface CommandDialogProps {
  readonly title: string;
  /** What will happen. */
  readonly says: string;
  /** The word on the button. */
  readonly verb: string;
  readonly isHarsh?: boolean;
  /** Why it cannot be sent as it is; undefined when it can. */
  readonly blocked?: string | undefined;
  /** Fields of its own. */
  readonly children?: ComponentChildren;
  /** Fails with the sentence that is to be shown. */
  readonly send: (signed: Signed) => Promise<unknown>;
  readonly onClose: () => void;
}

const WHO = "tripmesh.who";

/** Asks who decides and why, then sends the command; a refusal is shown and the dialog stays. */
export function CommandDialog(props: CommandDialogProps) {
  const { title, says, verb, isHarsh, blocked, children, send, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [who, setWho] = useState(() => localStorage.getItem(WHO) ?? "");
  const [why, setWhy] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);

  const submit = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await send({ who: who.trim(), why: why.trim() });
      localStorage.setItem(WHO, who.trim());
      onClose();
    } catch (cause) {
      setProblem(cause instanceof Error ? cause.message : String(cause));
      setBusy(false);
    }
  };
  const onSubmit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!isBusy && blocked === undefined) void submit();
  };

  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby={`${id}-title`}>
      <form onSubmit={onSubmit}>
        <h2 id={`${id}-title`}>{title}</h2>
        <p class="soft">{says}</p>
        {children}
        <label>
          Why, for the log
          <textarea
            required
            rows={2}
            maxLength={1000}
            value={why}
            onInput={(event) => setWhy(event.currentTarget.value)}
          />
        </label>
        <label>
          Who you are, for the log
          <input
            required
            maxLength={100}
            autocomplete="name"
            value={who}
            onInput={(event) => setWho(event.currentTarget.value)}
          />
        </label>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {blocked !== undefined && <p class="soft small">{blocked}</p>}
        <div class="actions">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class={isHarsh ? "harsh" : "main"}
            disabled={isBusy || blocked !== undefined}
          >
            {isBusy ? "Sending …" : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
