// Where the program for other threads is: beside this file, bundled or not. Named by supervise for `node --import`.

/** To be evaluated first in every thread of a process whose modules are tracked. */
export const TRACK_THREAD = new URL('./track-thread.js', import.meta.url).href;
