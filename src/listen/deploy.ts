// paste.deploy for JavaScript: loadApp, loadFilter, loadServer and appConfig with the built-in eggs. Called by library users.
import { createLibrary } from '../build/api.js';
import { ALL_EGGS } from './server-eggs.js';

export const { loadApp, loadFilter, loadServer, appConfig } = createLibrary(ALL_EGGS);
