// Takes the bytes that a server sent apart into its answers. Pure; for tests that speak HTTP by hand.

export interface ParsedAnswer {
  readonly status: number;
  /** Values by name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The answers that are there whole, in their order; bodies framed by Content-Length only. */
export function parseAnswers(received: string): readonly ParsedAnswer[] {
  const answers: ParsedAnswer[] = [];
  let at = 0;
  for (;;) {
    const end = received.indexOf('\r\n\r\n', at);
    if (end === -1) return answers;
    const [line = '', ...fields] = received.slice(at, end).split('\r\n');
    const headers = new Map(fields.map(splitField));
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? Number.NaN);
    const length = status < 200 ? 0 : Number(headers.get('content-length') ?? 0);
    at = end + 4 + length;
    if (at > received.length) return answers;
    answers.push({ status, headers, body: received.slice(end + 4, at) });
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
