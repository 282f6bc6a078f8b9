// What `show FILE --format ini` prints: every loadable section with the settings that its factory gets, for other tools.
// The only importer of npm `ini`, whose reader loses some values; those are listed in the text itself.
import { basename } from 'node:path';
import { parse, stringify } from 'ini';
import { assertNever } from '../errors.js';
import { strip } from '../ini/whitespace.js';
import type { Spec } from './deployment.js';
import { type OpenedDeployment, resolveSection } from './open-deployment.js';
import { attempt, summaryOf } from './problems.js';
import { splitOnce } from './reference.js';
import type { LoadableSection } from './sections.js';
import { resolveServer } from './servers.js';
import { plainValues } from './settings-record.js';
import { targetText } from './targets.js';

/** The effective settings as INI text. Sections with problems are named in comments; nothing is thrown for them. */
export function flatDeployment(opened: OpenedDeployment): string {
  const { view } = opened;
  const sections: Flat = Object.create(null);
  const notes: string[] = [];
  for (const loadable of view.file.index.loadable) {
    const { name } = loadable.section;
    const found = attempt(() => effectiveSettings(opened, loadable));
    if (found.error === null) sections[name] = found.value;
    else notes.push(`[${name}] cannot be resolved: ${summaryOf(found.error)}`);
  }
  const head = `Effective settings of ${basename(view.path)}: [DEFAULT] applied, every "use" followed.`;
  const comments = [head, ...notes, ...lostValues(sections)].map((line) => `; ${oneLine(line)}\n`);
  return `${comments.join('')}${stringify(sections)}`;
}

type Flat = Record<string, Record<string, string>>;

function effectiveSettings(opened: OpenedDeployment, section: LoadableSection): Record<string, string> {
  if (section.kind !== 'server') return settingsOfSpec(resolveSection(opened, section), opened.view.path);
  const { spec, target } = resolveServer(opened, section);
  return target === null ? plainValues(spec.localConf) : settingsOfSpec(spec, opened.view.path);
}

/** The keys that would make the same thing if nothing were inherited or used. */
function settingsOfSpec(spec: Spec, file: string): Record<string, string> {
  switch (spec.kind) {
    case 'factory': {
      const key = spec.target.kind === 'factory' ? spec.target.protocol : 'use';
      return settings([key, targetText(spec.target)], plainValues(spec.localConf));
    }
    case 'pipeline': {
      const words = [...spec.filters, spec.app].map((part) => referenceTo(part, file));
      return settings(['pipeline', words.join(' ')], plainValues(spec.localConf));
    }
    case 'filter-app':
      return settings(['next', referenceTo(spec.next, file)], settingsOfSpec(spec.filter, file));
    case 'filter-with':
      return settings(['filter-with', referenceTo(spec.filter, file)], settingsOfSpec(spec.next, file));
    default:
      return assertNever(spec);
  }
}

function settings(
  [key, value]: readonly [string, string],
  others: Record<string, string>,
): Record<string, string> {
  const record = plainValues({});
  record[key] = value;
  return Object.assign(record, others);
}

/** How a section of `file` would name a spec. */
function referenceTo(spec: Spec, file: string): string {
  if (spec.section === null) return spec.kind === 'factory' ? targetText(spec.target) : '';
  const name = strip(splitOnce(spec.section, ':')[1] ?? 'main');
  return spec.origin.file === file ? name : `config:${spec.origin.file}#${name}`;
}

/** What npm `ini` reads back differently: `true`, keys that end in `[]`, `__proto__`, some backslashes, and the like. */
function lostValues(sections: Flat): readonly string[] {
  const back: Record<string, unknown> = parse(stringify(sections));
  return Object.entries(sections).flatMap(([section, keys]) => {
    const read = recordAt(back, section);
    return Object.entries(keys)
      .filter(([key, value]) => !Object.hasOwn(read, key) || read[key] !== value)
      .map(
        ([key, value]) =>
          `npm ini reads this otherwise: [${section}] ${JSON.stringify(key)} = ${JSON.stringify(value)}`,
      );
  });
}

/** What `ini.parse` made of a section: sections nest at dots unless these are escaped, and arrays may stand anywhere. */
function recordAt(parsed: Record<string, unknown>, section: string): Record<string, unknown> {
  const found = Object.hasOwn(parsed, section) ? parsed[section] : null;
  return isRecord(found) ? found : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, ' ');
}
