// Whether a page's Content-Security-Policy (CSP Level 3) lets a script of its own origin run and listen. Pure; called by
// page-head.ts. It never takes a policy for laxer than it is; where in doubt, nothing is added to the page.

/** `header` has every policy of the answer, separated by commas: all of them must agree. Without one all is allowed. */
export function allowsOwnScript(header = ''): boolean {
  return header.split(',').every((policy) => {
    const directives = directivesOf(policy);
    return (
      !directives.has('sandbox') &&
      admits(directives, 'script-src-elem', 'script-src', 'default-src') &&
      admits(directives, 'connect-src', 'default-src')
    );
  });
}

/** The first of a name counts (section 2.2.1). */
function directivesOf(policy: string): ReadonlyMap<string, readonly string[]> {
  const directives = new Map<string, readonly string[]>();
  for (const directive of policy.split(';')) {
    const [name = '', ...sources] = directive.trim().toLowerCase().split(/\s+/);
    if (!directives.has(name)) directives.set(name, sources);
  }
  return directives;
}

/** Whether the first of `names` that is there, if any is, admits the page's own origin. */
function admits(directives: ReadonlyMap<string, readonly string[]>, ...names: readonly string[]): boolean {
  const name = names.find((one) => directives.has(one));
  const sources = name === undefined ? ['*'] : (directives.get(name) ?? []);
  // With it, only scripts that the page itself names and vouches for run.
  if (sources.includes("'strict-dynamic'")) return false;
  return sources.includes("'self'") || sources.includes('*');
}
