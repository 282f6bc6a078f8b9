// What a client wants to get: the media ranges of its Accept. Called by live reload and the page of a failed build.
import type { Environ } from '../gateway/wsgi-types.js';

/**
 * The ranges that are wanted, in lower case and without parameters (RFC 9110 section 12.5.1); what has `q=0` is not. None
 * where the client says nothing, which means that anything will do.
 */
export function acceptedRanges({ HTTP_ACCEPT: accept }: Environ): readonly string[] {
  if (typeof accept !== 'string') return [];
  return accept.toLowerCase().split(',').flatMap(rangeOf);
}

function rangeOf(element: string): readonly string[] {
  const [range = '', ...parameters] = element.split(';').map((part) => part.trim());
  const isRefused = parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter));
  return range === '' || isRefused ? [] : [range];
}
