// A program of its own: parses an ES module and all that it imports by path, and runs none of it. Started by
// syntax-error.ts. It ends in the first syntax error, uncaught, as Node tells where such an error is only to a terminal.
import { readFileSync } from 'node:fs';
import { SourceTextModule } from 'node:vm';

const urls = new Set(process.argv.slice(2));
for (const url of urls) {
  const module = new SourceTextModule(readFileSync(new URL(url), 'utf8'), { identifier: url });
  for (const specifier of module.dependencySpecifiers) {
    if (/^(?:\.{0,2}\/|file:)/.test(specifier) && !specifier.endsWith('.json'))
      urls.add(new URL(specifier, url).href);
  }
}
