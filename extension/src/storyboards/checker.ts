// Asks about a text again and again while it is being changed, and takes no answer to what it was before. Pure.

export interface Asking<Answer> {
  readonly ask: () => Promise<Answer>;
  /** Hears each answer to the text as it is now */
  readonly tell: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
  /** How long nobody may type before it is asked, in milliseconds */
  readonly pauseMs: number;
  /** How long changes of what is known are collected, in milliseconds */
  readonly collectMs: number;
}

export class Checker<Answer> {
  readonly #asking: Asking<Answer>;
  readonly #waiting = new Set<() => void>();
  #version = 0;
  #timer: NodeJS.Timeout | undefined;
  #inFlight = false;
  #again = false;
  #disposed = false;

  constructor(asking: Asking<Answer>) {
    this.#asking = asking;
  }

  /** Somebody types: what is being answered is no longer of interest. */
  textChanged(): void {
    this.#version += 1;
    clearTimeout(this.#timer);
    this.#startTimer(this.#asking.pauseMs);
  }

  /** What is known about the same text changed: a frame was made. */
  refresh(): void {
    if (this.#timer === undefined) {
      this.#startTimer(this.#asking.collectMs);
    }
  }

  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#inFlight) {
      this.#again = true;
      return;
    }
    this.#inFlight = true;
    const asked = this.#version;
    try {
      const answer = await this.#asking.ask();
      if (!this.#disposed && asked === this.#version) {
        this.#asking.tell(answer);
      }
    } catch (error) {
      if (!this.#disposed && asked === this.#version) {
        this.#asking.fail(error);
      }
    }
    this.#inFlight = false;
    if (this.#again && !this.#disposed) {
      this.#again = false;
      await this.now();
    }
    this.#settle();
  }

  /** Resolves when nothing is to be asked any more: the last answer is about the text as it is. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      this.#settle();
    });
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#inFlight = false;
    this.#settle();
  }

  #startTimer(ms: number): void {
    if (!this.#disposed) {
      this.#timer = setTimeout(() => void this.now(), ms);
    }
  }

  #settle(): void {
    if (!this.#inFlight && this.#timer === undefined) {
      for (const resolve of this.#waiting) {
        resolve();
      }
      this.#waiting.clear();
    }
  }
}
