// Records of strings for factories that notice what is read of them. Made by `check`, which tells of keys that nobody
// reads; serving hands plain records out instead. What an app reads when a request comes stands in its factory's text.
import type { Setting, Settings } from '../config/deployment.js';
import { plainValues } from '../config/settings-record.js';

/** A setting by the key under which a factory would have found it. */
export interface UnreadKey {
  readonly key: string;
  readonly setting: Setting;
}

/**
 * Notices which settings factories read, over all calls: a setting counts as read once one of them has read it.
 * Reading a value, asking whether the key is there, and anything that copies or lists the record (`{...conf}`, rest
 * properties, Object.keys, JSON.stringify, console.log) count: who lists the keys sees all of them.
 */
export class ConfReads {
  readonly #watched = new Map<string, UnreadKey & { read: boolean }>();

  /**
   * A record of these settings that remembers what is read. Writing and deleting work, and read nothing. A key that
   * `code` names counts as read: the factory, and the class that it is a method of, may keep the record for later.
   */
  watch(settings: Settings, code: readonly unknown[] = []): Record<string, string> {
    const text = code.map(textOf).join('\n');
    for (const [key, setting] of Object.entries(settings)) {
      const id = identityOf(key, setting);
      if (!this.#watched.has(id)) this.#watched.set(id, { key, setting, read: false });
      if (names(text, key)) this.#note(settings, key);
    }
    const note = (key: string | symbol) => this.#note(settings, key);
    return new Proxy(plainValues(settings), {
      get: (conf, key) => {
        note(key);
        return Reflect.get(conf, key);
      },
      has: (conf, key) => {
        note(key);
        return Reflect.has(conf, key);
      },
      getOwnPropertyDescriptor: (conf, key) => {
        note(key);
        return Reflect.getOwnPropertyDescriptor(conf, key);
      },
      // Without this, writing would ask the proxy for the old value first.
      set: (conf, key, value) => Reflect.set(conf, key, value),
      ownKeys: (conf) => {
        Object.keys(settings).forEach(note);
        return Reflect.ownKeys(conf);
      },
    });
  }

  /** The settings that no factory has read so far, in the order in which they were handed out. */
  get unread(): readonly UnreadKey[] {
    return [...this.#watched.values()]
      .filter(({ read }) => !read)
      .map(({ key, setting }) => ({ key, setting }));
  }

  #note(settings: Settings, key: string | symbol): void {
    const setting = typeof key === 'string' ? settings[key] : undefined;
    if (typeof key !== 'string' || setting === undefined) return;
    const watched = this.#watched.get(identityOf(key, setting));
    if (watched !== undefined) watched.read = true;
  }
}

/** The text of a function, and of the classes that a class extends; nothing for what is neither. */
function textOf(code: unknown): string {
  if (typeof code !== 'function' || code === Function.prototype) return '';
  return `${Function.prototype.toString.call(code)}\n${textOf(Object.getPrototypeOf(code))}`;
}

/** Whether a text holds `.key`, `'key'` or `{ key`, as what reads a property does. */
function names(text: string, key: string): boolean {
  const escaped = key.replace(/[^\w]/g, '\\$&');
  return new RegExp(`[.{,'"\`]\\s*${escaped}(?![\\w$])`).test(text);
}

/** The same line of a file is the same setting, however often its section is resolved. */
function identityOf(key: string, { origin }: Setting): string {
  return JSON.stringify([key, origin.file, origin.section, origin.key, origin.span?.start]);
}
