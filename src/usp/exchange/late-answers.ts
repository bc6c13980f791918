export interface LateAnswer {
  readonly address: string;
  readonly record: Uint8Array;
  readonly retain: boolean;
}

/** As many requests as a controller has on their way at once; what is more is asked for again. */
const limit = 16;

/**
 * Answers to requests that reached the agent while it was ending the connection with their broker itself, to make it anew: they go over the next one. The
 * controllers, behind the broker, know nothing of either.
 */
export class LateAnswers {
  #answers: LateAnswer[] = [];

  add(answer: LateAnswer): void {
    this.#answers.push(answer);
    if (this.#answers.length > limit) this.#answers.shift();
  }

  /** They are the caller's to send now. */
  take(): readonly LateAnswer[] {
    const taken = this.#answers;
    this.#answers = [];
    return taken;
  }
}
