// What an error of user code is about: a section, or a reference that stands alone, and the line that names its factory.
// Made by assembly.ts for each factory; carried to wherever that factory, its app or its filter can fail.
import type { ObjectKind } from '../config/deployment.js';
import { PROTOCOLS } from '../config/targets.js';
import { WsgiServeError } from '../errors.js';
import type { LoadedTarget } from '../load/load-target.js';
import type { Place } from '../source.js';

export interface Subject {
  /** `[app:home]`, or `egg:Paste#urlmap` where a reference belongs to no section. */
  readonly label: string;
  /** The line that names the factory. */
  readonly place: Place;
  /** Where a key of the section stands; null for one that it does not have. */
  readonly keyPlace?: (key: string) => Place | null;
}

/** A subject together with what was loaded for it. */
export interface LoadedSubject extends Subject {
  readonly target: LoadedTarget;
}

/** For a factory of a protocol that is not called as this kind of object. */
export function unknownProtocol(kind: ObjectKind, { label, place, target }: LoadedSubject): WsgiServeError {
  const known = PROTOCOLS[kind].flat();
  const message = `${label} is made by ${target.protocol}, which is no protocol of ${kind}s`;
  return new WsgiServeError('unknown-protocol', message, {
    place,
    hint: `What there is: ${known.join(', ')}`,
  });
}
