// The part of watch-resolution.ts for Node 20, which asks hooks in another thread what an `import` means, and nobody
// what a `require` means. Called by it alone.
import module from 'node:module';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { isResolution, missingFrom, type SeeResolution, type Settle } from './resolution.js';

/** Hooks run there, and tell by a port; see resolution-hooks.ts. */
export function watchOffThread(see: SeeResolution): Settle {
  const { port1: port, port2: theirs } = new MessageChannel();
  port.on('message', (message: unknown) => {
    if (isResolution(message)) see(message);
  });
  port.unref();
  module.register('./resolution-hooks.js', {
    parentURL: import.meta.url,
    data: theirs,
    transferList: [theirs],
  });
  watchRequire(see);
  return () => settled(port);
}

let asked = 0;

/** What the hooks told before they answer has come in before their answer. */
function settled(port: MessagePort): Promise<void> {
  asked += 1;
  const question = asked;
  return new Promise((resolve) => {
    const hear = (answer: unknown): void => {
      if (answer !== question) return;
      port.off('message', hear);
      port.unref();
      resolve();
    };
    port.on('message', hear);
    port.ref();
    port.postMessage(question);
  });
}

/** Node offers no hook for it: this is what every `require` and `require.resolve` goes through. */
function watchRequire(see: SeeResolution): void {
  const original: unknown = Reflect.get(module, '_resolveFilename');
  if (!isResolveFilename(original)) return;
  const watched: ResolveFilename = function (this: unknown, request, parent, ...rest) {
    const importer = filenameOf(parent);
    try {
      const found = original.call(this, request, parent, ...rest);
      see({ importer, specifier: request, found });
      return found;
    } catch (error) {
      see(missingFrom(importer, request, error));
      throw error;
    }
  };
  Reflect.set(module, '_resolveFilename', watched);
}

type ResolveFilename = (this: unknown, request: string, parent: unknown, ...rest: unknown[]) => string;

function isResolveFilename(value: unknown): value is ResolveFilename {
  return typeof value === 'function';
}

function filenameOf(parent: unknown): string | null {
  if (typeof parent !== 'object' || parent === null || !('filename' in parent)) return null;
  return typeof parent.filename === 'string' ? parent.filename : null;
}
