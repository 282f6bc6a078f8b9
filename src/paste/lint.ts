// egg:Paste#lint: an app under lint, so that whoever breaks the WSGI contract is told. Called by build; programs take
// lint from the gateway. It has no settings: keys that it does not know are left alone, as Paste leaves them.
import type { FilterAppFactory } from '../gateway/app.js';
import { lint } from '../gateway/lint.js';

/** `paste.filter_app_factory`: what is only unwise is written to `wsgi.errors`, once for each filter and message. */
export const lintFactory: FilterAppFactory = (app) => lint(app);
