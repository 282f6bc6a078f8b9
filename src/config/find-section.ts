// The one section that a name means, seen from a file. Called by resolve.ts; PasteDeploy's `find_config_section`.
// What a section is called is sections.ts's to know; here are the two ways in which it can fail.
import { basename } from 'node:path';
import { knownNamesHint, WsgiServeError } from '../errors.js';
import type { IniSection } from '../ini/document.js';
import type { Origin } from '../source.js';
import type { ObjectKind, Setting } from './deployment.js';
import type { ScopeView } from './scope-view.js';
import { headerOrigin } from './sections.js';

/** Without a name the section `main` is meant, written `[app:main]` or `[app]`. Throws `no-section`, `ambiguous-section`. */
export function findSection(view: ScopeView, kind: ObjectKind, name: Setting | null): IniSection {
  const [section, ...others] = view.file.index.find(kind, name?.value ?? null);
  if (section === undefined) throw noSection(view, kind, name);
  if (others.length > 0) throw ambiguous(view, name, [section, ...others]);
  return section;
}

function noSection(view: ScopeView, kind: ObjectKind, name: Setting | null): WsgiServeError {
  const wanted = name?.value ?? 'main';
  const file = basename(view.path);
  const plural = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}s in ${file}`;
  return new WsgiServeError('no-section', sayMissing(kind, wanted, name?.origin ?? null, file), {
    place: name === null ? null : view.place(name.origin),
    hint: knownNamesHint(plural, wanted, view.file.index.names(kind)),
  });
}

/** A name that is written nowhere has its place in the header of the section that needs it. */
function sayMissing(kind: ObjectKind, wanted: string, origin: Origin | null, file: string): string {
  const name = JSON.stringify(wanted);
  if (origin === null || origin.section === null) return `there is no ${kind} ${name} in ${file}`;
  return `[${origin.section}] ${origin.key === null ? 'needs' : 'names'} the ${kind} ${name}, but ${file} has none of that name`;
}

function ambiguous(view: ScopeView, name: Setting | null, sections: readonly IniSection[]): WsgiServeError {
  const wanted = JSON.stringify(name?.value ?? 'main');
  const headers = sections.map((section) => `[${section.name}]`).join(' and ');
  const places = sections.map((section) => ({
    note: `[${section.name}]`,
    place: view.place(headerOrigin(view.path, section)),
  }));
  return new WsgiServeError('ambiguous-section', `${wanted} stands for ${headers}`, {
    place: name === null ? (places[0]?.place ?? null) : view.place(name.origin),
    related: places,
    hint: 'Rename all but one of them',
  });
}
