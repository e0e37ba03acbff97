import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { FREIHAND_PROTOCOL } from '../../../src/metrics/index.js';
import { clientScript, withoutModuleSyntax } from '../../../src/report/page/client-script.js';
import { policyHash } from '../../../src/report/page/markup.js';
import { reportPage } from '../../../src/report/page/page.js';
import type { ReportData, ReportRun } from '../../../src/report/page/report-data.js';
import { METRICS_SCHEMA } from '../../../src/runs/metrics-document.js';

const HOSTILE = `x"></script><script>alert(1)</script><!--\u2028<img src=x onerror=alert(1)>`;

function reportRun(name: string, values: Float64Array): ReportRun {
  return {
    name,
    folder: '/runs/x',
    document: {
      schema: METRICS_SCHEMA,
      state: 'complete',
      dataset: { id: 'freihand', split: 'evaluation' },
      coverage: { scored: 5, unscored: 1, folder: 6, benchmark: 3960 },
      protocol: FREIHAND_PROTOCOL,
      metrics: { pa_mpjpe_mm: 6.25, f5_aligned: 0.75 },
      confidence: { pa_mpjpe_mm: { low: 6, high: 6.5, level: 0.95 } },
      warnings: [{ code: 'x', message: name, remedy: name }],
      unscored: [{ id: name, code: 'x', reason: name }],
    },
    provenance: [{ label: name, value: name }],
    distributions: [{ label: 'PA-MPJPE', unit: 'mm', values }],
    perJoint: [],
    curves: [{ name: 'xyz_al', thresholds: [0, 25, 50], pck: [0, 0.5, 1] }],
  };
}

function report(names: readonly string[], count = 6): ReportData {
  const values = Float64Array.from({ length: count }, (_, k) => 3 + (k % 17) / 5);
  return {
    title: names.join(', '),
    dataset: { id: 'freihand', title: 'FreiHAND', split: 'evaluation' },
    measure: 'hands-3d',
    program: 'hamba-eval 0.0.0',
    made: '2026-01-02T03:04:05.000Z',
    error: { label: 'PA-MPJPE', unit: 'mm' },
    errorMeaning: '',
    runs: names.map((name) => reportRun(name, values)),
    protocolDifferences: [names[0]!],
    neighbours: {
      caption: names[0]!,
      columns: [names[0]!],
      rows: [{ name: names[0]!, source: names[0]!, run: 0, cells: ['6.3'] }],
    },
    factors: [
      {
        title: names[0]!,
        caption: names[0]!,
        bins: [
          { label: names[0]!, spreads: names.map(() => ({ count: 3, mean: 4, quantiles: [1, 2, 3, 4, 5] })) },
        ],
      },
    ],
    groups: [
      {
        key: 'worst',
        samples: [
          {
            id: names[0]!,
            errors: names.map(() => 7),
            facts: [names[0]!],
            photograph: { dataUrl: null, side: 100 },
            trueKeypoints: new Float64Array(42).fill(Number.NaN),
            predictedKeypoints: names.map(() => new Float64Array(42).fill(50)),
            scene: { truth: { vertices: null, joints: new Float64Array(63).fill(0.1) }, predictions: [null] },
          },
        ],
      },
    ],
    worst: [{ id: names[0]!, errors: names.map(() => null) }],
    faces: null,
    missing: [names[0]!],
    overlay: names[0]!,
  };
}

describe('the page', () => {
  it('shows hostile names as text, wherever they stand', () => {
    const page = reportPage(report([HOSTILE]), 'let a = 1;');
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<!--');
    expect(page).not.toContain('alert(1)</');
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });

  it('forbids everything but its own style and script, by their digests', () => {
    const script = 'const a = "x";';
    const page = reportPage(report(['a']), script);
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/
      .exec(page)![1]!
      .replaceAll('&#39;', "'");
    const style = /<style>([^]*?)<\/style>/.exec(page)![1]!;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      'img-src data:',
      `style-src ${policyHash(style)}`,
      `script-src ${policyHash(script)}`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(page).not.toMatch(/\sstyle=/);
    expect(page).not.toMatch(/\son\w+=/);
    expect(page).not.toMatch(/(?:src|href)="(?!#|data:)/);
  });

  it('refuses a script that would end its element', () => {
    expect(() => reportPage(report(['a']), 'const a = "</script>";')).toThrow('end its element');
  });

  it('gives a run the same colour in every figure and table', () => {
    const page = reportPage(report(['a', 'b']), '');
    const legend = /<ul class="legend">([^]*?)<\/ul>/.exec(page)![1]!;
    expect(legend).toMatch(/run-0[^]*?a\s*<\/li>[^]*run-1[^]*?b\s*<\/li>/);
    const heads = /<table class="headline">([^]*?)<\/thead>/.exec(page)![1]!;
    expect(heads).toMatch(/run-0"><\/span>a[^]*run-1"><\/span>b/);
  });

  it('has a column for each fusion, and the best of a row in bold', () => {
    const data = report(['a']);
    const [run] = data.runs as [ReportRun];
    const document = { ...run.document, tta: { 'aligned-mean': { pa_mpjpe_mm: 5.5 } } };
    const page = reportPage({ ...data, runs: [{ ...run, document }] }, '');
    const table = /<table class="headline">([^]*?)<\/table>/.exec(page)![1]!;
    expect(table).toContain('a, aligned-mean');
    expect(table).toMatch(/<td class="number">\s*6\.25[^]*?<td class="number best">\s*5\.50/);
  });

  it('of twenty thousand samples is as large as one of twenty', () => {
    const small = reportPage(report(['a', 'b'], 20), '').length;
    const large = reportPage(report(['a', 'b'], 20_000), '').length;
    expect(large).toBeLessThan(small + 5_000);
  });

  it('numbers its figures in a row', () => {
    const page = reportPage(report(['a', 'b']), '');
    expect([...page.matchAll(/Figure (\d+)\./g)].map((match) => match[1])).toEqual(['1', '2', '3']);
  });
});

describe('the script of the page', () => {
  it('is one piece that parses, without the names of files', async () => {
    const script = await clientScript();
    expect(() => new Script(`(() => {${script}\n});`)).not.toThrow();
    expect(script).not.toMatch(/^(?:import|export)\b/m);
    expect(script).not.toMatch(/https?:|fetch\(|XMLHttpRequest|eval\(|innerHTML/);
  });

  it('loses nothing but imports and exports when it is joined', () => {
    const text = `import { a, b, } from './x.js';\nexport const c = 1;\nexport function d() {\n    return "import x from './y.js';";\n}\nexport {};\n`;
    expect(withoutModuleSyntax(text)).toBe(
      `const c = 1;\nfunction d() {\n    return "import x from './y.js';";\n}\n`,
    );
  });
});
