import { describe, expect, it } from 'vitest';
import { doctorText, type DoctorReport } from '../../src/doctor/doctor-text.js';

const LONG_PATH = `/data/${'a-folder-with-a-long-name/'.repeat(4)}lib.so`;
const WORDS = 'it does not start because of a reason that takes several lines of words to tell in full';

const report: DoctorReport = {
  program: { version: '1.2.3', commit: 'abcdef123456' },
  versions: { node: '20.19.0', onnxruntime: '1.30.0' },
  machine: {
    platform: 'linux-x64',
    processor: 'A Processor With a Name That Is Longer Than Most Are, at 3.10 GHz',
    cores: 64,
    memory_bytes: 256e9,
    free_memory_bytes: 200e9,
  },
  providers: [
    { provider: 'cpu', ok: true },
    { provider: 'cuda', ok: false, reason: `${LONG_PATH}: cannot open`, advice: WORDS },
    { provider: 'webgpu', ok: false, reason: `${WORDS}\nand a second line`, advice: `vulkaninfo ${WORDS}` },
  ],
  config: { file: '/home/me/.config/hamba-eval/config.json', exists: true },
  checks: [
    { name: 'configuration', ok: false, detail: WORDS, advice: WORDS },
    { name: 'hint-newdays', ok: true, detail: LONG_PATH, advice: null },
    { name: 'MANO file', ok: false, detail: `\u001b[31m${WORDS}`, advice: null },
  ],
};

const lines = doctorText(report, false).split('\n');
const lineOf = (label: string): string => lines.findLast((line) => line.startsWith(`  ${label}`))!;

describe('doctorText', () => {
  it('fits 80 columns; a word that is longer stays whole on a line of its own', () => {
    for (const line of lines) {
      const words = line
        .trim()
        .split(' ')
        .filter((word) => !['ok', 'no', '→', 'cuda', 'hint-newdays'].includes(word) && word !== '');
      if (words.length > 1) expect(line.length, line).toBeLessThanOrEqual(80);
    }
    expect(lines.join('\n')).toContain(LONG_PATH);
  });

  it('never says ok of what failed, however long its reason', () => {
    expect(lineOf('cpu')).toMatch(/^ {2}cpu {11}ok /);
    expect(lineOf('cuda')).toMatch(/^ {2}cuda {10}no /);
    expect(lineOf('webgpu')).toMatch(/^ {2}webgpu {8}no /);
    expect(lineOf('configuration')).toMatch(/^ {2}configuration no /);
    expect(lineOf('hint-newdays')).toMatch(/^ {2}hint-newdays {2}ok /);
    expect(lines.join('\n').match(/ ok /g)).toHaveLength(2);
  });

  it('puts advice under what it is about, in line with the words', () => {
    const at = lines.indexOf(lineOf('configuration'));
    const words = lines.slice(at).findIndex((line) => line.includes('→'));
    const column = lines[at]!.indexOf('it does');
    expect(words).toBeGreaterThan(0);
    expect(lines[at + 1]!.search(/\S/)).toBe(column);
    expect(lines[at + words]!.indexOf('it does')).toBe(column);
    expect(lines[at + words + 1]!.search(/\S/)).toBe(column);
  });

  it('shows what a terminal would obey as text', () => {
    const text = doctorText(report, false);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('\\x1b[31m');
    const coloured = doctorText(report, true);
    expect(coloured).toContain('\u001b[33mno\u001b[0m');
    expect(coloured).not.toContain('\u001b[31m');
  });

  it('says where to name folders where none is named', () => {
    expect(doctorText({ ...report, checks: [] }, false)).toContain('datasets list');
  });
});
