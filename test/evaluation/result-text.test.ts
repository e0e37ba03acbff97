import { describe, expect, it } from 'vitest';
import { metricsTable } from '../../src/evaluation/result-text.js';
import { FREIHAND_PROTOCOL, HINT_NEWDAYS_PROTOCOL, KEYPOINT_METRIC_KEYS } from '../../src/metrics/index.js';
import { METRICS_SCHEMA, type MetricsDocument } from '../../src/runs/metrics-document.js';
import { tableCsv } from '../../src/text/csv.js';
import { formatMetric, metricLabel, withUnit } from '../../src/text/metric-text.js';
import { grouped, printable, shortened } from '../../src/text/text.js';

const document = (change: Partial<MetricsDocument> = {}): MetricsDocument => ({
  schema: METRICS_SCHEMA,
  state: 'complete',
  dataset: { id: 'freihand', split: 'evaluation' },
  coverage: { scored: 3960, unscored: 0, folder: 3960, benchmark: 3960 },
  protocol: FREIHAND_PROTOCOL,
  metrics: { pa_mpjpe_mm: 5.8123, pa_mpvpe_mm: 5.5, f5_aligned: 0.7312, mpjpe_mm: 1077.112 },
  confidence: { pa_mpjpe_mm: { low: 5.7, high: 5.9, level: 0.95 } },
  warnings: [],
  unscored: [],
  ...change,
});

const table = (change: Partial<MetricsDocument> = {}, colour = false): string =>
  metricsTable(document(change), { title: 'FreiHAND', subject: 'hamba.onnx', colour });

describe('the metrics table', () => {
  it('shows aligned and raw figures with their intervals', () => {
    expect(table()).toBe(
      [
        'FreiHAND · evaluation                                          all 3,960 samples',
        'hamba.onnx',
        '',
        '             aligned (PA)      95 % interval           raw       95 % interval',
        'MPJPE mm             5.81        5.70 – 5.90       1077.11',
        'MPVPE mm             5.50                                –',
        'F@5                 0.731                                –',
      ].join('\n'),
    );
  });

  it('keeps figures apart that are wider than their columns: millimetres taken for metres', () => {
    const text = table({
      metrics: { pa_mpjpe_mm: 5.8123, mpjpe_mm: 555660.81 },
      confidence: { mpjpe_mm: { low: 545045.39, high: 566391.23, level: 0.95 } },
    });
    expect(text).toMatch(/5\.81 +555660\.81 545045\.39 – 566391\.23$/m);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says partial, unscored and warnings, within 80 columns', () => {
    const text = table({
      coverage: { scored: 3, unscored: 2, folder: 5, benchmark: 3960 },
      unscored: [
        { id: '00000001', code: 'prediction-not-finite', reason: 'predicted joints hold NaN at point 0, x' },
        {
          id: '00000004',
          code: 'prediction-not-finite',
          reason: 'predicted vertices hold Infinity at point 12, z',
        },
      ],
      warnings: [{ code: 'x', message: 'Something is odd about this result', remedy: 'Look at it twice' }],
    });
    expect(text).toContain('partial 3 of 3,960 samples');
    expect(text).toContain('2 of 5 samples are not scored: 00000001 (predicted joints hold NaN');
    expect(text).toContain('! Something is odd about this result. Look at it twice');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('colours only when told to', () => {
    expect(table()).not.toContain('\u001b');
    expect(table({}, true)).toContain('\u001b[1mFreiHAND');
  });
});

describe('the table of keypoints', () => {
  const keypoints = (metrics: MetricsDocument['metrics']): string =>
    metricsTable(
      document({
        dataset: { id: 'hint-newdays', split: 'test' },
        coverage: { scored: 1754, unscored: 0, folder: 1754, benchmark: 1754 },
        protocol: HINT_NEWDAYS_PROTOCOL,
        metrics,
        confidence: {
          pck_0_05_all: { low: 0.47124, high: 0.4881, level: 0.95 },
          pck_0_15_vis: { low: 0.99, high: 1, level: 0.95 },
        },
      }),
      { title: 'HInt New Days', subject: 'hamba.onnx', colour: false },
    );
  const all = { pck_0_05_all: 0.48, pck_0_1_all: 0.7799, pck_0_15_all: 0.881 };

  it('shows percent, a threshold a row and a subset a column, within 80 columns', () => {
    const text = keypoints({
      ...all,
      pck_0_05_vis: 0.6,
      pck_0_1_vis: 0.876,
      pck_0_15_vis: 0.9999,
      pck_0_05_occ: 0.05,
      pck_0_1_occ: 0.5,
      pck_0_15_occ: 0.75,
    });
    expect(text).toBe(
      [
        'HInt New Days · test                                           all 1,754 samples',
        'hamba.onnx',
        '',
        'PCK, %         all 95 % interval   visible 95 % interval  occluded 95 % interval',
        'PCK@0.05      48.0   47.1 – 48.8      60.0                     5.0',
        'PCK@0.10      78.0                    87.6                    50.0',
        'PCK@0.15      88.1                   100.0  99.0 – 100.0      75.0',
      ].join('\n'),
    );
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('leaves out subsets that are not there', () => {
    expect(keypoints(all)).toContain(
      ['PCK, %         all 95 % interval', 'PCK@0.05      48.0   47.1 – 48.8', 'PCK@0.10      78.0'].join(
        '\n',
      ),
    );
    expect(keypoints({})).not.toContain('PCK@');
  });
});

describe('the labels of metrics', () => {
  it('have their unit, and keypoints are in percent', () => {
    for (const key of KEYPOINT_METRIC_KEYS) expect(withUnit(key, '5.0')).toBe('5.0 %');
    expect(metricLabel('pck_0_1_occ')).toBe('PCK@0.10 occluded');
    expect(withUnit('mpjpe_mm', '5.00')).toBe('5.00 mm');
    expect(withUnit('auc_j', '0.5')).toBe('0.5');
    expect(formatMetric('pck_0_05_all', 0.4804)).toBe('48.0');
    expect(formatMetric('auc_j', 0.4804)).toBe('0.480');
  });

  it('are the key itself where nothing is known of it', () => {
    expect(metricLabel('new_mm')).toBe('new_mm');
    expect(withUnit('new_mm', formatMetric('new_mm', 5.1234))).toBe('5.123');
  });
});

describe('text for a terminal', () => {
  it('never lets data move the cursor', () => {
    expect(printable('a\u001b[2Jb\r\u0007\u009b')).toBe('a\\x1b[2Jb\\x0d\\x07\\x9b');
  });

  it('keeps both ends of a long path', () => {
    const short = shortened(`/data/${'x'.repeat(100)}/pred.json`, 40);
    expect(short).toHaveLength(40);
    expect(short).toMatch(/^\/data.*…x*\/pred\.json$/);
    expect(shortened('short', 40)).toBe('short');
    expect(shortened('a line\nand another', 40)).toBe('a line and another');
  });

  it('groups thousands', () => {
    expect([0, 999, 1000, 20137, 1234567].map(grouped)).toEqual(['0', '999', '1,000', '20,137', '1,234,567']);
  });
});

describe('the csv files', () => {
  it('leave absent values empty and quote what needs it', () => {
    expect(tableCsv(['a', 'b', 'c'], [[undefined, true, 'x, "y"']])).toBe('a,b,c\n,1,"x, ""y"""\n');
  });
});
