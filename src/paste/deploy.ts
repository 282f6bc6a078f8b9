// paste.deploy for JavaScript: loadApp, loadFilter, loadServer and appConfig with the built-in eggs. Called by library users.
import { createLibrary } from '../build/api.js';
import { BUILT_IN_EGGS } from './eggs.js';

export const { loadApp, loadFilter, loadServer, appConfig } = createLibrary(BUILT_IN_EGGS);
