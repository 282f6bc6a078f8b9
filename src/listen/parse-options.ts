// The keys of a [server:*] section -> options and an address. Called by plan.ts for each server; touches no socket.
import { convert } from '../config/convert.js';
import type { Places, ServerSpec, Setting } from '../config/deployment.js';
import { both, forEach } from '../config/problems.js';
import { knownNamesHint, WsgiServeError } from '../errors.js';
import type { Origin, Place } from '../source.js';
import { type Address, splitHostPort } from './address.js';
import type { ConnectionLimits } from './front/connection-limits.js';
import { createProxyPolicy, type ProxyPolicy } from './front/trusted-proxy.js';
import { FOREIGN_OPTIONS, OPTIONS, type OptionName, type ServerOptions } from './options.js';
import { limitsOf } from './server-limits.js';

export interface ParsedOptions {
  readonly options: ServerOptions;
  readonly address: Address;
  readonly limits: ConnectionLimits;
  readonly proxies: ProxyPolicy;
  /** Where the address was written, or the section where it was not: what errors of binding point at. */
  readonly place: Place;
  /** `ignored-option`. */
  readonly warnings: readonly WsgiServeError[];
}

/** A key as the user wrote it, and the option that it stands for. */
interface Written {
  readonly name: OptionName;
  readonly key: string;
  readonly setting: Setting;
  /** Which part of the value it is, where a host says its port or the path of a socket; for errors. */
  readonly part?: string;
}

/** Throws every `unknown-option` and `bad-value` of the section together. */
export function parseOptions(
  server: Pick<ServerSpec, 'section' | 'options' | 'origin'>,
  places: Places,
): ParsedOptions {
  const { section } = server;
  const keys = Object.entries(server.options);
  const foreign = keys.filter(([key]) => FOREIGN_OPTIONS.has(key));
  const unknown = keys.filter(([key]) => !FOREIGN_OPTIONS.has(key) && !NAMES.has(key));
  const [options, written] = both(
    () => readKnown(section, keys, places),
    () => forEach(unknown, ([key, { origin }]) => refuse(section, key, places.keyPlace(origin))),
  )[0];
  checkTimeouts(written, options, section, places);
  return {
    options,
    address: addressOf(options),
    limits: limitsOf(options),
    proxies: createProxyPolicy(options, (name) => placeOfOption(written, name, places)),
    place: places.place(addressOrigin(written) ?? server.origin),
    warnings: [
      ...foreign.map(([key, { origin }]) => ignored(section, key, places.keyPlace(origin))),
      ...besideAddress(written, options.unix_socket !== null, section, places),
    ],
  };
}

const NAMES: ReadonlyMap<string, OptionName> = new Map(
  optionNames().flatMap((name) => [name, ...OPTIONS[name].aliases].map((key) => [key, name] as const)),
);

/** Every option's name, in the order of the table. */
export function optionNames(): readonly OptionName[] {
  return Object.keys(OPTIONS).filter((key): key is OptionName => key in OPTIONS);
}

function readKnown(
  section: string,
  keys: readonly (readonly [string, Setting])[],
  places: Places,
): readonly [ServerOptions, readonly Written[]] {
  const named = keys.flatMap(([key, setting]): readonly Written[] => {
    const name = NAMES.get(key);
    return name === undefined ? [] : [{ name, key, setting }];
  });
  const written = onlyOnce(section, splitAddress(onlyOnce(section, named, places), places), places);
  return [convertAll(written, places), written];
}

function refuse(section: string, key: string, place: Place): never {
  throw new WsgiServeError('unknown-option', `[${section}] has "${key}", which is no option of the server`, {
    place,
    hint: knownNamesHint('Options', key, [...NAMES.keys()]),
  });
}

/** `listen` and `host` are one option under two names: only one of them can be meant. */
function onlyOnce(section: string, all: readonly Written[], places: Places): readonly Written[] {
  return forEach(all, (written) => {
    const first = all.find(({ name }) => name === written.name);
    if (first === undefined || first === written) return written;
    const message = `[${section}] has both "${first.key}" and "${written.key}", which are the same option`;
    throw new WsgiServeError('bad-value', message, {
      place: places.place(written.setting.origin),
      related: [{ note: `"${first.key}" stands here`, place: places.place(first.setting.origin) }],
    });
  });
}

/** `host = 127.0.0.1:8080` says the port too, and `bind = unix:/run/site.sock` is a unix socket. */
function splitAddress(all: readonly Written[], places: Places): readonly Written[] {
  return forEach(all, (written): readonly Written[] => {
    if (written.name !== 'host') return [written];
    const { key, setting } = written;
    if (setting.value.startsWith('unix:')) {
      const path = { ...setting, value: setting.value.slice('unix:'.length) };
      return [{ name: 'unix_socket', key, setting: path, part: 'path' }];
    }
    const split = splitHostPort(setting.value);
    if (split === null) throw badHost(key, setting, places);
    const host: Written = { name: 'host', key, setting: { ...setting, value: anyAddress(split.host) } };
    if (split.port === null) return [host];
    const other = all.find(({ name }) => name === 'port');
    if (other !== undefined) throw portTwice(written, other, places);
    return [host, { name: 'port', key, setting: { ...setting, value: split.port }, part: 'port' }];
  }).flat();
}

/** Waitress writes `*` for every address. */
function anyAddress(host: string): string {
  return host === '*' ? '0.0.0.0' : host;
}

function badHost(key: string, setting: Setting, places: Places): WsgiServeError {
  const several = /\s|,/.test(setting.value);
  return new WsgiServeError('bad-value', `${key} = ${JSON.stringify(setting.value)} is not one address`, {
    place: places.place(setting.origin),
    hint: several
      ? 'Each server section is one listener: write a second [server:NAME] with "app =" for the second address'
      : 'Write 127.0.0.1, localhost:8080, [::1]:8080 or unix:/run/site.sock',
  });
}

function portTwice(host: Written, other: Written, places: Places): WsgiServeError {
  const message = `${host.key} = ${JSON.stringify(host.setting.value)} names a port, and "port" names one too`;
  return new WsgiServeError('bad-value', message, {
    place: places.place(host.setting.origin),
    related: [{ note: '"port" stands here', place: places.place(other.setting.origin) }],
  });
}

function convertAll(all: readonly Written[], places: Places): ServerOptions {
  const values = forEach(optionNames(), (name) => {
    const written = all.find((one) => one.name === name);
    return [name, written === undefined ? OPTIONS[name].fallback : convertOne(written, places)] as const;
  });
  // The table names every key of ServerOptions and converts each to its own type.
  return Object.fromEntries(values) as unknown as ServerOptions;
}

function convertOne({ name, key, setting, part }: Written, places: Places): unknown {
  const what = part === undefined ? key : `the ${part} in ${key}`;
  return convert<unknown>(setting, what, OPTIONS[name].converter, places.place(setting.origin));
}

function placeOfOption(written: readonly Written[], name: OptionName, places: Places): Place | null {
  const found = written.find((one) => one.name === name);
  return found === undefined ? null : places.place(found.setting.origin);
}

/** node:http refuses such a pair when the server is made. */
function checkTimeouts(
  written: readonly Written[],
  options: ServerOptions,
  section: string,
  places: Places,
): void {
  const { headers_timeout: head, request_timeout: whole } = options;
  if (whole === 0 || head <= whole) return;
  const place =
    placeOfOption(written, 'request_timeout', places) ?? placeOfOption(written, 'headers_timeout', places);
  throw new WsgiServeError('bad-value', `[${section}] gives a whole request less time than its head`, {
    place,
    hint: `request_timeout must not be less than headers_timeout; 0 sets no limit${leftOut(written)}`,
  });
}

/** Where one of the two was not written, the error is about a value that stands nowhere in the file. */
function leftOut(written: readonly Written[]): string {
  const name = (['headers_timeout', 'request_timeout'] as const).find(
    (one) => !written.some((other) => other.name === one),
  );
  return name === undefined ? '' : `. ${name} is ${OPTIONS[name].shown} where it is left out`;
}

function addressOf({ unix_socket: path, unix_socket_perms: mode, host, port }: ServerOptions): Address {
  return path === null ? { kind: 'tcp', host, port } : { kind: 'unix', path, mode };
}

function addressOrigin(all: readonly Written[]): Origin | null {
  const written = (['unix_socket', 'port', 'host'] as const).map((name) =>
    all.find((one) => one.name === name),
  );
  return written.find((one) => one !== undefined)?.setting.origin ?? null;
}

/** What is said about one kind of address where the server has the other: no error, as a global may say it for all. */
function besideAddress(
  written: readonly Written[],
  isUnix: boolean,
  section: string,
  places: Places,
): readonly WsgiServeError[] {
  const idle: readonly OptionName[] = isUnix ? ['host', 'port'] : ['unix_socket_perms'];
  const why = isUnix ? 'beside a unix socket' : 'without a unix socket';
  return written
    .filter(({ name }) => idle.includes(name))
    .map(({ key, setting: { origin } }) => {
      const message = `[${section}] has "${key}", which means nothing ${why}`;
      return new WsgiServeError('ignored-option', message, { place: places.keyPlace(origin) });
    });
}

function ignored(section: string, key: string, place: Place): WsgiServeError {
  return new WsgiServeError(
    'ignored-option',
    `[${section}] has "${key}", which means nothing to this server`,
    {
      place,
      hint: 'It is an option of another server; nothing reads it here',
    },
  );
}
