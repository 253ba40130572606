import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 1500;

/** Copies a text, and says whether it did. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () => {
    void write(text).then((done) => setSaid(done ? "copied" : "not allowed"));
  };
  return (
    <button type="button" class="copy" onClick={copy} title={`Copy ${what}`}>
      <span aria-live="polite">{said || "copy"}</span>
      <span class="unseen"> {what}</span>
    </button>
  );
}

async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeByHand(text); // a page without TLS has no clipboard, except on this machine
  }
}

function writeByHand(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
