// Tells which file makes a thread, which no thread knows of itself. Called by track-modules.ts, and for threads of threads
// by track-thread.ts.
import { subscribe } from 'node:diagnostics_channel';

/** A thread that is about to start; what makes it stands for the importer of its first module. */
export interface Making {
  /** As `threadName` has it. */
  readonly thread: string;
  /** Path or URL. */
  readonly maker: string;
}

/** What a thread is called by those who talk of it. */
export function threadName(id: number): string {
  return `thread:${id}`;
}

export function watchThreads(see: (making: Making) => void): void {
  subscribe('worker_threads', (message) => {
    const maker = nearestFile(new Error().stack ?? '');
    if (isMade(message) && maker !== null) see({ thread: threadName(message.worker.threadId), maker });
  });
}

/** Narrows what came from another thread. */
export function isMaking(value: unknown): value is Making {
  return typeof value === 'object' && value !== null && 'thread' in value && 'maker' in value;
}

/** Of the calls on a stack, the first that is neither Node's nor made here. */
export function nearestFile(stack: string): string | null {
  const files = [...stack.matchAll(FRAME)].map(([, file = '']) => file);
  return files.find((file) => file !== import.meta.url) ?? null;
}

const FRAME = /^ +at (?:.* \()?((?:file:\/\/|\/|[a-z]:[\\/]).*?)(?:\?[^:]*)?:\d+:\d+\)?$/gim;

function isMade(message: unknown): message is { readonly worker: { readonly threadId: number } } {
  if (typeof message !== 'object' || message === null || !('worker' in message)) return false;
  const { worker } = message;
  return typeof worker === 'object' && worker !== null && 'threadId' in worker;
}
