// The built-in eggs: what `egg:Paste#urlmap` and its like stand for. Handed to load by listen and by the library API.
// Each entry point is imported when it is asked for, so that a server pays for what its file uses and no more.
import type { EggTable, EntryPoints } from '../load/eggs.js';

const PASTE: EntryPoints = {
  'paste.composite_factory': {
    urlmap: async () => (await import('./urlmap.js')).urlmapFactory,
  },
  'paste.filter_app_factory': {
    lint: async () => (await import('./lint.js')).lintFactory,
  },
};

/** By their usual spelling; load looks them up in any case. */
export const BUILT_IN_EGGS: EggTable = new Map([
  ['Paste', PASTE],
  ['PasteDeploy', {}],
  ['PasteScript', {}],
]);
