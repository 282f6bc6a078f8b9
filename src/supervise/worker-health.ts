// Who of the workers that serve gives no sign of life, or has grown too large. Fed by the supervisor with beats and the
// time; it kills nobody by itself, and has no clock: times are milliseconds of one that nobody sets.

/** Zero sets no limit. */
export interface HealthLimits {
  /** Milliseconds without a beat until a worker is to be killed; `worker_timeout`. */
  readonly timeout: number;
  /** Bytes of resident memory; `max_worker_memory`. */
  readonly memory: number;
}

/** Times in milliseconds, memory in bytes. */
export type Health =
  | { readonly kind: 'fine' }
  /** Half of the time-out has passed without a beat. */
  | { readonly kind: 'warn'; readonly silence: number }
  /** All of it has: SIGABRT, and SIGKILL a second later, as a loop that blocks runs no handler of any other signal. */
  | { readonly kind: 'kill'; readonly silence: number }
  /** It beats, and has grown beyond the limit. */
  | { readonly kind: 'retire'; readonly memory: number };

/** A worker whose health is not what it was at the last check. */
export interface HealthChange<Worker> {
  readonly worker: Worker;
  readonly health: Health;
}

/** Milliseconds between two beats. */
export const BEAT_EVERY = 1000;

/** Milliseconds between two calls of `check`. */
export const CHECK_EVERY = 1000;

/** Less would take a worker for dead between two signs of life. */
const LEAST_TIMEOUT = 3 * BEAT_EVERY;

/** A check that comes so much too late was held up itself, and so were the beats that it did not see. */
const LATE = 2000;

interface Pulse {
  lastBeat: number;
  memory: number;
  /** The last that was told of it. */
  told: Health['kind'];
}

export class WorkerHealth<Worker> {
  readonly #limits: HealthLimits;
  readonly #pulses = new Map<Worker, Pulse>();
  #lastCheck: number | null = null;

  constructor(limits: HealthLimits) {
    this.#limits = limits;
  }

  /** From here on it is expected to beat: to be called once it serves, as building may block it for long. */
  watch(worker: Worker, now: number): void {
    this.#lastCheck ??= now;
    this.#pulses.set(worker, { lastBeat: now, memory: 0, told: 'fine' });
  }

  /** For a worker that leaves or is gone. */
  forget(worker: Worker): void {
    this.#pulses.delete(worker);
  }

  /** A beat of somebody who is not watched counts for nothing. */
  beat(worker: Worker, memory: number, now: number): void {
    const pulse = this.#pulses.get(worker);
    if (pulse === undefined) return;
    pulse.lastBeat = now;
    pulse.memory = memory;
  }

  /**
   * To be called every CHECK_EVERY milliseconds. Gives each change once. Where the call itself is late (the machine
   * slept, or this process was stopped) nobody was silent: all clocks start anew.
   */
  check(now: number): readonly HealthChange<Worker>[] {
    if (this.#lastCheck !== null && now - this.#lastCheck > CHECK_EVERY + LATE) this.#startAnew(now);
    this.#lastCheck = now;
    const changes: HealthChange<Worker>[] = [];
    for (const [worker, pulse] of this.#pulses) {
      const health = this.#healthOf(pulse, now);
      if (health.kind !== pulse.told) changes.push({ worker, health });
      pulse.told = health.kind;
    }
    return changes;
  }

  #startAnew(now: number): void {
    for (const pulse of this.#pulses.values()) pulse.lastBeat = now;
  }

  #healthOf({ lastBeat, memory }: Pulse, now: number): Health {
    const silence = now - lastBeat;
    const timeout = this.#limits.timeout === 0 ? Infinity : Math.max(this.#limits.timeout, LEAST_TIMEOUT);
    if (silence >= timeout) return { kind: 'kill', silence };
    if (silence >= Math.max(timeout / 2, 2 * BEAT_EVERY)) return { kind: 'warn', silence };
    if (this.#limits.memory > 0 && memory > this.#limits.memory) return { kind: 'retire', memory };
    return { kind: 'fine' };
  }
}
