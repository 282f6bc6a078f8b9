// A program for `node --import` of the processes that run user code. Threads of the user's own inherit that flag, and
// with this their files count as those of the process. In the first thread it does nothing, since track-modules.ts is
// at work there; so it does in processes that the user forks. A thread that was given an `execArgv` of its own is missed.
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';
import { THREADS } from './resolution.js';
import { watchResolution } from './watch-resolution.js';
import { threadName, watchThreads } from './watch-threads.js';

if (!isMainThread) {
  const channel = new BroadcastChannel(THREADS);
  channel.unref();
  const told = new Set<string>();
  let hasBegun = false;
  watchResolution((resolution) => {
    const text = JSON.stringify(resolution);
    if (told.has(text)) return;
    told.add(text);
    // Further ones without an importer are modules that are imported and looked for by `require` as well.
    const isFirst = !hasBegun && resolution.importer === null;
    hasBegun ||= isFirst;
    channel.postMessage(isFirst ? { ...resolution, thread: threadName(threadId) } : resolution);
  });
  watchThreads((making) => channel.postMessage(making));
}
