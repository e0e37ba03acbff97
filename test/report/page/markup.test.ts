import { describe, expect, it } from 'vitest';
import { escapeText, markup, Markup, policyHash, scriptData } from '../../../src/report/page/markup.js';

const HOSTILE = `</script><script>alert(1)</script><!-- & " ' \u2028 \u2029 <img src=x onerror=alert(1)>`;

describe('a template', () => {
  it('escapes strings for elements and quoted attributes', () => {
    expect(markup`<p title="${`"a' <b>&`}">${'<i>'}</p>`.text).toBe(
      '<p title="&quot;a&#39; &lt;b&gt;&amp;">&lt;i&gt;</p>',
    );
  });

  it('takes its own markup as it is, joins lists and leaves out what is absent', () => {
    const item = markup`<li>${'a&b'}</li>`;
    expect(markup`<ul>${[item, null, item]}${undefined}</ul>${3}`.text).toBe(
      '<ul><li>a&amp;b</li><li>a&amp;b</li></ul>3',
    );
    expect(markup`${new Markup('<hr>')}`.text).toBe('<hr>');
  });

  it('lets nothing hostile through', () => {
    expect(markup`<p>${HOSTILE}</p>`.text).not.toMatch(/<(?:script|img|!--)/);
  });
});

describe('escaped text', () => {
  it('makes control characters, direction marks and lone surrogates visible', () => {
    expect(escapeText('a\u0000b\u001b[31m\u202ec\ud800')).toBe('a\\u{0000}b\\u{001b}[31m\\u{202e}c\\u{d800}');
    expect(escapeText('a\tb\nc é 手 🖐')).toBe('a\tb\nc é 手 🖐');
  });
});

describe('data for scripts', () => {
  it('ends no element, opens no comment and is the same value again', () => {
    const text = scriptData({ name: HOSTILE }).text;
    expect(text).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(text)).toEqual({ name: HOSTILE });
  });

  it('refuses NaN, which would become null', () => {
    expect(() => scriptData({ values: [1, Number.NaN] })).toThrow(TypeError);
  });
});

describe('the digest of a policy', () => {
  it('is that of the content security policy standard', () => {
    // echo -n "alert('Hello, world.');" | openssl dgst -sha256 -binary | base64
    expect(policyHash("alert('Hello, world.');")).toBe(
      "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='",
    );
  });
});
