import { describe, expect, it } from '@jest/globals';
import { allowsOwnScript } from '../../../src/supervise/live/content-security-policy.js';

/** What helmet sends unless it is told otherwise. */
const HELMET =
  "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';" +
  "img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' https: " +
  "'unsafe-inline';upgrade-insecure-requests";

describe('a policy that lets a script of the origin run and listen', () => {
  it.each([
    [undefined],
    [''],
    ["img-src 'none'; frame-ancestors 'none'"],
    ["default-src 'self'"],
    ['default-src *'],
    ["DEFAULT-SRC 'SELF'"],
    ["script-src 'self' 'nonce-abc' https://cdn.example"],
    ["default-src 'none'; script-src 'self'; connect-src 'self'"],
    ["default-src 'self'; script-src-elem 'self' ; script-src 'none'"],
    [HELMET],
    [`${HELMET}, default-src *`],
  ])('is %s', (policy) => {
    expect(allowsOwnScript(policy)).toBe(true);
  });
});

describe('a policy that does not', () => {
  it.each([
    ["default-src 'none'"],
    ["default-src 'none'; script-src 'self'"],
    ["default-src 'self'; connect-src https://api.example"],
    ["script-src 'none'"],
    ['script-src'],
    ["script-src 'unsafe-inline'"],
    ["script-src 'nonce-abc'"],
    ["script-src 'self' 'nonce-abc' 'strict-dynamic'"],
    ["script-src 'self'; script-src-elem https://cdn.example"],
    ["script-src 'none'; script-src 'self'"],
    ['sandbox allow-scripts'],
    [`${HELMET}, script-src 'none'`],
  ])('is %s', (policy) => {
    expect(allowsOwnScript(policy)).toBe(false);
  });
});
