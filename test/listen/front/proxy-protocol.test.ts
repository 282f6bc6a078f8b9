import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseProxyHeader } from '../../../src/listen/front/proxy-protocol.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

/** A header of version 2: command, family, and what follows, in hexadecimal digits. */
function binary(command: string, family: string, rest: string): Buffer {
  const length = (rest.length / 2).toString(16).padStart(4, '0');
  return Buffer.from(`${SIGNATURE}${command}${family}${length}${rest}`, 'hex');
}

function text(line: string): Buffer {
  return Buffer.from(line, 'latin1');
}

const ENDS = { source: { address: '1.2.3.4', port: 80 }, destination: { address: '5.6.7.8', port: 443 } };
const IPV4 = binary('21', '11', '0102030405060708005001bb');
const IPV6 = binary('21', '21', `20010db8${'00'.repeat(11)}01${'00'.repeat(15)}01005001bb`);

describe('a PROXY header', () => {
  it.each([
    ['over IPv4', text('PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\n'), ENDS],
    ['over IPv4, binary', IPV4, ENDS],
    [
      'over IPv6',
      text('PROXY TCP6 2001:db8::1 ::1 80 443\r\n'),
      { source: { address: '2001:db8::1', port: 80 }, destination: { address: '::1', port: 443 } },
    ],
    [
      'over IPv6, binary',
      IPV6,
      { source: { address: '2001:db8::1', port: 80 }, destination: { address: '::1', port: 443 } },
    ],
    ['with more behind the addresses', binary('21', '11', '0102030405060708005001bb0300040a0b0c0d'), ENDS],
  ])('tells both ends %s', (_how, bytes, ends) => {
    const header = { kind: 'proxied', ...ends };
    expect(parseProxyHeader(bytes)).toEqual({ kind: 'header', header, length: bytes.length });
    expect(parseProxyHeader(Buffer.concat([bytes, text('GET / HTTP/1.1\r\n')]))).toMatchObject({
      length: bytes.length,
    });
  });

  it.each([
    ['UNKNOWN', text('PROXY UNKNOWN\r\n')],
    ['UNKNOWN with addresses', text('PROXY UNKNOWN ffff::1 ::1 65535 1\r\n')],
    ['a check of the proxy itself', binary('20', '00', '')],
    ['no family', binary('21', '00', '')],
    ['a unix socket', binary('21', '31', '00'.repeat(216))],
  ])('tells no end with %s', (_what, bytes) => {
    expect(parseProxyHeader(bytes)).toEqual({
      kind: 'header',
      header: { kind: 'local' },
      length: bytes.length,
    });
  });

  it.each([
    ['a line', text('PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\n')],
    ['the longest line', text(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`)],
    ['bytes', IPV4],
    ['more bytes', IPV6],
  ])('asks for more of %s until it is whole', (_what, bytes) => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(parseProxyHeader(bytes.subarray(0, length))).toEqual({ kind: 'more' });
    }
    expect(parseProxyHeader(bytes).kind).toBe('header');
  });

  it.each([
    'GET / HTTP/1.1\r\n',
    'proxy TCP4 1.2.3.4 5.6.7.8 80 443\r\n',
    'PROXY\r\n',
    'PROXY \r\n',
    'PROXY TCP4\r\n',
    'PROXY TCP5 1.2.3.4 5.6.7.8 80 443\r\n',
    'PROXY TCP4  1.2.3.4 5.6.7.8 80 443\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 80\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 80 443 1\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 80 443 \r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 80 65536\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 080 443\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 -1 443\r\n',
    'PROXY TCP4 1.2.3.256 5.6.7.8 80 443\r\n',
    'PROXY TCP4 ::1 ::1 80 443\r\n',
    'PROXY TCP6 1.2.3.4 5.6.7.8 80 443\r\n',
    `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
    `PROXY TCP4 ${'1'.repeat(200)}`,
  ])('is not %j', (line) => {
    expect(parseProxyHeader(text(line))).toEqual({ kind: 'bad' });
  });

  it.each([
    ['another version', binary('11', '11', '0102030405060708005001bb')],
    ['another command', binary('22', '11', '0102030405060708005001bb')],
    ['datagrams', binary('21', '12', '0102030405060708005001bb')],
    ['an unknown family', binary('21', '41', '0102030405060708005001bb')],
    ['addresses that are cut off', binary('21', '11', '010203040506070800')],
    ['a wrong signature', Buffer.from(`${SIGNATURE.slice(0, -2)}0b2111000c`, 'hex')],
  ])('is not %s', (_what, bytes) => {
    expect(parseProxyHeader(bytes)).toEqual({ kind: 'bad' });
  });

  it('is read the same however much of it is there, and never longer than what is there', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      IPV4.subarray(0, 16),
      text('PROXY TCP4 '),
      text('PROXY TCP6 ::1 '),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 120 }), (head, tail) => {
        const bytes = Buffer.concat([head, tail]);
        const parsed = parseProxyHeader(bytes);
        if (parsed.kind === 'more') return true;
        const longer = parseProxyHeader(Buffer.concat([bytes, Buffer.from([0x0d, 0x0a])]));
        return parsed.kind === longer.kind && (parsed.kind === 'bad' || parsed.length <= bytes.length);
      }),
    );
  });
});
