/** Something a person can put right: shown as its one sentence, without a stack. */
export class Problem extends Error {
  /** 1: it went wrong; 2: it was called the wrong way. */
  readonly exitCode: 1 | 2;
  /** Lines shown below the sentence, for example the end of a log. */
  readonly details: readonly string[];

  constructor(
    sentence: string,
    options: { exitCode?: 1 | 2; details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "Problem";
    this.exitCode = options.exitCode ?? 1;
    this.details = options.details ?? [];
  }
}
