// The [wsgi-serve] section: what a deployment file says about the program that serves it. Called by read-deployment.ts.
// It is no PasteDeploy section: its keys are its own, whatever [DEFAULT] has.
import type { Setting, Settings } from './deployment.js';
import type { OpenedDeployment } from './open-deployment.js';
import { forEach } from './problems.js';
import { isDirective } from './scope-view.js';
import { settingsOf } from './settings-record.js';

/** The keys of [wsgi-serve] in the named file, none where there is no such section. Throws interpolation's problems. */
export function readProgram({ view }: OpenedDeployment): Settings {
  const section = view.file.index.named('wsgi-serve');
  if (section === null) return settingsOf([]);
  const own = view.keysOf(section).filter(([key]) => !isDirective(key));
  return settingsOf(
    forEach(own, ([key, raw]): [string, Setting] => {
      return [key, { value: view.interpolate(section, raw), origin: raw.origin }];
    }),
  );
}
