import { describe, expect, it } from '@jest/globals';
import { isSurplus, refusalFor } from '../../../src/listen/front/client-error.js';
import { refusalText, refuse } from '../../../src/listen/front/refusal.js';

function parserError(code: string, reason = ''): Error & { code: string; reason: string } {
  return Object.assign(new Error('Parse Error'), { code, reason });
}

describe('an error of the parser', () => {
  it.each([
    ['HPE_HEADER_OVERFLOW', '', 431],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '', 413],
    ['ERR_HTTP_REQUEST_TIMEOUT', '', 408],
    ['HPE_INVALID_TRANSFER_ENCODING', '', 400],
    ['HPE_INVALID_VERSION', 'Invalid HTTP version', 505],
    ['HPE_INVALID_VERSION', 'Expected CRLF after version', 400],
    ['HPE_INVALID_EOF_STATE', '', 400],
    ['HPE_PAUSED_H2_UPGRADE', '', 400],
  ])('%s (%s) is answered with %d', (code, reason, status) => {
    expect(refusalFor(parserError(code, reason))?.status).toBe(status);
  });

  it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])(
    'is not answered where the connection is gone: %s',
    (code) => {
      expect(refusalFor(parserError(code))).toBeNull();
      expect(refusalFor(new Error('without a code'))).toBeNull();
    },
  );

  it('is no error of a request where it came behind the last one', () => {
    expect(isSurplus(parserError('HPE_CLOSED_CONNECTION'))).toBe(true);
    expect(isSurplus(parserError('HPE_INVALID_METHOD'))).toBe(false);
  });
});

describe('a refusal', () => {
  const date = new Date(Date.UTC(2000, 9, 10, 13, 55, 36));

  it('is a whole answer that closes the connection', () => {
    expect(refusalText(refuse(400, 'Host is missing'), null, date)).toBe(
      'HTTP/1.1 400 Bad Request\r\nDate: Tue, 10 Oct 2000 13:55:36 GMT\r\nConnection: close\r\n' +
        'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 16\r\n\r\nHost is missing\n',
    );
  });

  it('says what is allowed with 405', () => {
    expect(refusalText(refuse(405, 'no'), 'CONNECT', date)).toContain('\r\nAllow: GET, HEAD, POST');
  });

  it('has no body for HEAD', () => {
    expect(refusalText(refuse(400, 'no'), 'HEAD', date)).toMatch(/Content-Length: 3\r\n\r\n$/);
  });
});
