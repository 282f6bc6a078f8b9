// The built-in eggs with the built-in server among them, under the names that deployment files know servers by.
// Handed to load by plan.ts and by the library API; foreign-server.ts asks which servers need no loading.
import type { ServerFactory } from '../gateway/app.js';
import type { EggTable } from '../load/eggs.js';
import { BUILT_IN_EGGS } from '../paste/eggs.js';

/** Servers that the built-in one stands in for. */
const SERVERS: readonly (readonly [egg: string, entry: string])[] = [
  ['Paste', 'http'],
  ['waitress', 'main'],
  ['gunicorn', 'main'],
  ['PasteScript', 'cherrypy'],
  ['PasteScript', 'wsgiutils'],
  // What a server section means that has no `use`.
  ['wsgi-serve', 'main'],
];

/** Whether `egg:EGG#ENTRY` means the built-in server. */
export function isServerEgg(egg: string, entry: string): boolean {
  return SERVERS.some(([name, server]) => name.toLowerCase() === egg.toLowerCase() && server === entry);
}

/** All that is built in. */
export const ALL_EGGS: EggTable = new Map(
  [...new Set([...BUILT_IN_EGGS.keys(), ...SERVERS.map(([egg]) => egg)])].map((egg) => {
    const servers = SERVERS.filter(([name]) => name === egg).map(
      ([, entry]) => [entry, builtInServer] as const,
    );
    return [egg, { ...BUILT_IN_EGGS.get(egg), 'paste.server_factory': Object.fromEntries(servers) }];
  }),
);

async function builtInServer(): Promise<ServerFactory> {
  return (await import('./built-in-server.js')).builtInServerFactory;
}
