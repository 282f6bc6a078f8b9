// What becomes of the mistakes of an app: what a server tells the gateway, and what filters above an app add to it.
import type { Exchange } from './exchange.js';

/** Told of everything that goes wrong while an app answers; the client learns no more than that it did. */
export type ErrorListener = (error: Error, exchange: Exchange) => void;

/** What becomes of the mistakes of an app. */
export interface AnswerOptions {
  /** Told of every failure of an app, also of those that the client cannot see. The client gets a bare 500. */
  readonly onError: ErrorListener;
  /** Told of what was left out of an answer, each header once. */
  readonly onWarning?: ErrorListener;
  /** Whether an answer fails by a header that belongs to the connection; false leaves that out. Default true. */
  readonly strictHeaders?: boolean;
  /** Answers, and tells, in place of the gateway where an app fails before the first byte of its answer. */
  readonly recovery?: Recovery | null;
}

/** Whoever stands above an app and answers for it where it fails. */
export interface Recovery {
  /** Whether it answers already: what stands below is not asked about that answer. */
  readonly taken: boolean;
  /** Takes what was thrown, whatever it is, and never throws itself. */
  take(thrown: unknown): void;
}
