// The keys of a `node.middleware` section as the one options object that such middleware is made from. Called by make.ts.
// Text that means a value of JavaScript becomes that value; anything else stays text.
import { WsgiServeError } from '../errors.js';
import type { Conf } from '../gateway/app.js';

type Tree = Map<string, Tree | string>;

/**
 * `true`, `false`, numbers and JSON literals are taken as such, `cookie.maxAge` as a key of an object `cookie`.
 * Text that should not be: `"true"`, with its quotes, is a string of JSON. Throws `bad-value` for a key that is both a
 * value and an object.
 */
export function middlewareOptions(conf: Conf): Record<string, unknown> {
  const tree: Tree = new Map();
  for (const [key, value] of Object.entries(conf)) {
    if (!put(tree, key.split('.'), value)) {
      throw new WsgiServeError('bad-value', `"${key}" is given a value, and keys of its own too`, {
        hint: 'A dot in a key makes an object: either "a" or "a.b" can be set, not both',
      });
    }
  }
  return objectOf(tree);
}

/** False where the place is taken. */
function put(tree: Tree, [name = '', ...rest]: readonly string[], value: string): boolean {
  const there = tree.get(name);
  if (rest.length === 0) {
    tree.set(name, value);
    return there === undefined;
  }
  if (typeof there === 'string') return false;
  const branch: Tree = there ?? new Map();
  tree.set(name, branch);
  return put(branch, rest, value);
}

/** Own properties only, whatever they are called: `__proto__` sets no prototype. */
function objectOf(tree: Tree): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(tree, ([name, value]) => [name, typeof value === 'string' ? parse(value) : objectOf(value)]),
  );
}

const LITERAL = /^(?:true|false|null|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\[.*\]|\{.*\}|".*")$/is;

function parse(text: string): unknown {
  if (!LITERAL.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
