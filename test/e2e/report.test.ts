/** `report` with the built program, and its page in a real browser (Debian's chromium), where there is one. */
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NpyWriter } from '../../src/formats/npy/npy.js';
import { cli, errorOf, sharedFolder, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';

interface ReportJson {
  file: string;
  bytes: number;
  runs: string[];
  missing: string[];
}

type Points = [number, number, number][][];

const reportOf = (...args: string[]): Promise<CliResult> => cli(['report', ...args, '--json']);
const parse = <T>(text: string): T => JSON.parse(text) as T;

/** Bent, moved and a little smaller: some error is left after alignment, more for later samples. */
function perturbed(hands: Points, amount: number): Points {
  return hands.map((points, sample) => {
    const amplitude = amount * (1 + sample / 2);
    return points.map(([x, y, z]) => [
      0.98 * x + amplitude * Math.sin(90 * y + sample),
      0.98 * y + amplitude * Math.cos(80 * x),
      0.98 * z + 0.01 + amplitude * Math.sin(70 * (x + y)),
    ]);
  });
}

/** A run directory of predictions that are off by about `amount` metres. */
async function handRun(dataset: string, data: string, out: string, amount: number): Promise<string> {
  const read = async (name: string): Promise<Points> =>
    parse<Points>(await readFile(join(data, `evaluation_${name}.json`), 'utf8'));
  const predictions = `${out}.json`;
  const content = [perturbed(await read('xyz'), amount), perturbed(await read('verts'), amount)];
  await writeFile(predictions, JSON.stringify(content));
  return scored(['--dataset', dataset, '--data', data, '--predictions', predictions, '--out', out]);
}

/** The same of labelled keypoints, off by `share` of a box's side. */
async function keypointRun(data: string, out: string, share: number): Promise<string> {
  const names = [...Array(8).keys()].map((k) => `demo_0000${k}_${k % 2 === 0 ? 'r' : 'l'}.json`);
  const values: number[] = [];
  for (const name of names) {
    const text = await readFile(join(data, 'TEST_newdays_img', name), 'utf8');
    const [hand] = parse<{ bbox: [[number, number, number, number]]; keypoints: [number, number][] }[]>(text);
    const [left, , right] = hand!.bbox[0];
    hand!.keypoints.forEach(([x, y], joint) =>
      values.push(
        x + share * (right - left) * Math.sin(joint),
        y + share * (right - left) * Math.cos(3 * joint),
      ),
    );
  }
  const predictions = `${out}-predictions`;
  await mkdir(predictions);
  const writer = await NpyWriter.create(join(predictions, 'keypoints_2d.npy'), {
    shape: [names.length, 21, 2],
    dtype: '<f8',
  });
  await writer.writeRows(0, Float64Array.from(values));
  await writer.close();
  return scored(['--dataset', 'hint-newdays', '--data', data, '--predictions', predictions, '--out', out]);
}

async function scored(args: readonly string[]): Promise<string> {
  const { code, stderr } = await cli(['run', ...args, '--workers', '1']);
  if (code !== 0) throw new Error(stderr);
  return args.at(-1)!;
}

const work = sharedFolder();
let fine: string;
let coarse: string;

beforeAll(async () => {
  const data = await demoFolder('freihand');
  fine = await handRun('freihand', data, join(work, 'fine'), 0.002);
  coarse = await handRun('freihand', data, join(work, 'coarse'), 0.006);
});

describe('report', () => {
  it('writes one page into the first run directory and says where', async () => {
    const result = await reportOf(fine, coarse);
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    const { file, bytes, runs, missing } = parse<ReportJson>(result.stdout);
    expect(file).toBe(join(fine, 'report.html'));
    expect(runs).toEqual([fine, coarse]);
    expect(missing).toEqual([]);
    const page = await readFile(file, 'utf8');
    expect(Buffer.byteLength(page)).toBe(bytes);
    expect(bytes).toBeLessThan(1_500_000);
    // Eight samples of which none is in two groups.
    expect(page.match(/<article/g)).toHaveLength(8);
    expect(page.match(/data:image\/jpeg/g)).toHaveLength(8);
    expect(existsSync(`${file}.partial`)).toBe(false);
    // It is passed on: whose machine it was made on is in run.json.
    expect(page.includes(work)).toBe(false);
    expect(page.includes('<th scope="row">Platform</th>')).toBe(true);
    expect(page.includes('<th scope="row">Host</th>')).toBe(false);
  });

  it('has the very figures of metrics.json', async () => {
    const out = join(work, 'figures.html');
    await reportOf(coarse, '--out', out, '--samples', '0');
    const page = (await readFile(out, 'utf8')).replace(/>\s+/g, '>');
    const { metrics } = parse<{ metrics: Record<string, number> }>(
      await readFile(join(coarse, 'metrics.json'), 'utf8'),
    );
    expect(page.includes(`<strong>${metrics.pa_mpjpe_mm!.toFixed(2)} mm</strong`)).toBe(true);
    for (const [key, value] of Object.entries(metrics).filter(([name]) => !name.includes('proper'))) {
      const cell = value.toFixed(key.endsWith('_mm') ? 2 : 3);
      expect(page.includes(`<td class="number">${cell}`), key).toBe(true);
    }
    expect(page.includes('<article')).toBe(false);
  });

  it('takes no photograph into the page with --no-images', async () => {
    const out = join(work, 'shared.html');
    const result = await reportOf(fine, '--no-images', '--out', out);
    expect(parse<ReportJson>(result.stdout).missing).toEqual(['photographs, as --no-images asks']);
    const page = await readFile(out, 'utf8');
    expect(page.includes('data:image')).toBe(false);
    expect(page.match(/<article/g)).toHaveLength(8);
  });

  it('names what a dataset folder that is gone would have given', async () => {
    const data = await demoFolderCopy('freihand');
    const run = await handRun('freihand', data, join(work, 'moved'), 0.004);
    await rename(data, `${data} elsewhere`);
    const gone = parse<ReportJson>((await reportOf(run)).stdout);
    expect(gone.missing.join()).toMatch(
      /photographs, true hands and 3D views, for want of the dataset folder/,
    );
    const page = await readFile(gone.file, 'utf8');
    expect(page.includes('Figure 1.')).toBe(true);
    expect(page.includes('for want of the dataset folder')).toBe(true);
    expect(gone.missing.join()).toContain(data);
    expect(page.includes(data)).toBe(false);
    const found = parse<ReportJson>((await reportOf(run, '--data', `${data} elsewhere`)).stdout);
    expect(found.missing).toEqual([]);
    expect((await readFile(found.file, 'utf8')).includes('data:image/jpeg')).toBe(true);
    await appendFile(join(`${data} elsewhere`, 'evaluation_xyz.json'), ' ');
    const changed = parse<ReportJson>((await reportOf(run, '--data', `${data} elsewhere`)).stdout);
    expect(changed.missing.join()).toMatch(/its fingerprint differs/);
    expect((await readFile(changed.file, 'utf8')).includes('data:image/jpeg')).toBe(false);
  });

  it('draws points and says so where nobody knows the triangles', async () => {
    const data = await demoFolderCopy('freihand');
    await rm(join(data, 'faces.json'));
    const run = await handRun('freihand', data, join(work, 'faceless'), 0.004);
    const { missing, file } = parse<ReportJson>((await reportOf(run)).stdout);
    expect(missing.join()).toMatch(/drawn as points.*--mano/);
    expect((await readFile(file, 'utf8')).includes('"faces":null')).toBe(true);
  });

  it('replaces an older page, and nothing else', async () => {
    const out = join(work, 'again.html');
    for (let time = 0; time < 2; time++)
      expect((await reportOf(coarse, '--out', out, '--samples', '0')).code).toBe(0);
    const result = join(coarse, 'metrics.json');
    const before = await readFile(result);
    const refused = await reportOf(coarse, '--out', result, '--samples', '0');
    expect(refused.code).toBe(1);
    expect(errorOf(refused).code).toBe('report-in-the-way');
    expect(await readFile(result)).toEqual(before);
  });

  it('does not take a MANO file in silence that is not there', async () => {
    const refused = await reportOf(coarse, '--samples', '0', '--mano', join(work, 'none.pkl'));
    expect(refused.code).toBe(1);
    expect(errorOf(refused).file).toBe(join(work, 'none.pkl'));
  });

  it('refuses runs of two datasets, and a folder that is no run', async () => {
    const hint = await keypointRun(await demoFolder('hint-newdays'), join(work, 'other'), 0.05);
    const mixed = await reportOf(fine, hint);
    expect(mixed.code).toBe(1);
    expect(errorOf(mixed)).toMatchObject({
      code: 'report-other-dataset',
      got: 'hint-newdays, evaluation',
    });
    const nothing = await reportOf(await temporaryFolder());
    expect(errorOf(nothing).code).toBe('run-directory-missing');
  });
});

const CHROMIUM = '/usr/bin/chromium';
const OPTIONS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!existsSync(CHROMIUM))('the page in a browser', () => {
  let browser: Browser;
  const pages: Record<string, string> = {};

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: OPTIONS });
    const ho3d = await demoFolder('ho3d-v2');
    const hint = await demoFolder('hint-newdays');
    const runs = {
      freihand: [fine, coarse],
      'ho3d-v2': [await handRun('ho3d-v2', ho3d, join(work, 'ho3d'), 0.003)],
      'hint-newdays': [
        await keypointRun(hint, join(work, 'a'), 0.03),
        await keypointRun(hint, join(work, 'b'), 0.12),
      ],
    };
    for (const [name, folders] of Object.entries(runs)) {
      const { code, stdout } = await reportOf(...folders, '--out', join(work, `${name}.html`));
      expect(code).toBe(0);
      expect(parse<ReportJson>(stdout).missing).toEqual([]);
      pages[name] = pathToFileURL(parse<ReportJson>(stdout).file).href;
    }
  });
  afterAll(() => browser.close());

  interface Opened {
    readonly page: Page;
    /** Everything that went wrong and every address that was asked for, but the page's own. */
    readonly complaints: string[];
  }

  async function open(name: string, width = 1100, colorScheme: 'light' | 'dark' = 'light'): Promise<Opened> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== pages[name] && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(pages[name]!);
    return { page, complaints };
  }

  /** What a canvas shows: how many pixels are drawn, in how many colours, and a number that tells pictures apart. */
  function picture(page: Page, selector: string): Promise<{ drawn: number; colours: number; sum: number }> {
    return page.evaluate(`(() => {
      const canvas = document.querySelector(${JSON.stringify(selector)});
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const words = new Uint32Array(data.buffer);
      let drawn = 0, sum = 0;
      words.forEach((word, k) => { if (word !== 0) drawn++; sum = (Math.imul(sum, 31) + word + k) | 0; });
      return { drawn: drawn / words.length, colours: new Set(words).size, sum };
    })()`);
  }

  const CANVAS = '.sample canvas.turn';

  async function openFirstHand(name: string): Promise<Opened> {
    const opened = await open(name);
    await opened.page.locator(CANVAS).first().scrollIntoViewIfNeeded();
    await expect.poll(async () => (await picture(opened.page, CANVAS)).colours).toBeGreaterThan(100);
    return opened;
  }

  /** The picture after the next frames, once it is another. */
  async function changed(page: Page, before: number): Promise<number> {
    await expect.poll(async () => (await picture(page, CANVAS)).sum).not.toBe(before);
    return (await picture(page, CANVAS)).sum;
  }

  it.each(['freihand', 'ho3d-v2', 'hint-newdays'])(
    'complains of nothing and asks for nothing: %s',
    async (name) => {
      const { page, complaints } = await open(name);
      const height = await page.evaluate<number>('document.body.scrollHeight');
      for (let y = 0; y < height; y += 700) await page.mouse.wheel(0, 700);
      await page.locator('summary').first().click();
      await page.locator('#theme').click();
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it.each(['freihand', 'ho3d-v2'])('draws hands in 3D: %s', async (name) => {
    const { page } = await openFirstHand(name);
    const { drawn } = await picture(page, CANVAS);
    expect(drawn).toBeGreaterThan(0.1);
    expect(drawn).toBeLessThan(0.9);
    const sums = new Set<number>();
    for (const view of ['front', 'side', 'top']) {
      const small = await picture(page, `.sample button[data-view="${view}"] canvas`);
      expect(small.drawn).toBeGreaterThan(0.05);
      sums.add(small.sum);
    }
    expect(sums.size).toBe(3);
    await page.context().close();
  });

  it('turns a hand by keyboard, pointer and button, and shows the camera view again', async () => {
    const { page } = await openFirstHand('freihand');
    const first = (await picture(page, CANVAS)).sum;
    await page.locator(CANVAS).first().focus();
    await page.keyboard.press('ArrowRight');
    const byKey = await changed(page, first);
    await page.keyboard.press('ArrowUp');
    const byOtherKey = await changed(page, byKey);
    await page.keyboard.press('+');
    const larger = await changed(page, byOtherKey);
    await page.keyboard.press('Home');
    expect(await changed(page, larger)).toBe(first);
    const box = (await page.locator(CANVAS).first().boundingBox())!;
    await page.mouse.move(box.x + 40, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 120, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const byPointer = await changed(page, first);
    await page.mouse.move(box.x + 20, box.y + 20);
    expect((await picture(page, CANVAS)).sum).toBe(byPointer);
    await page.locator('.sample button[data-view="side"]').first().click();
    await changed(page, byPointer);
    await page.context().close();
  });

  it('shows of a sample what is chosen', async () => {
    const { page } = await openFirstHand('freihand');
    const card = page.locator('.sample').first();
    const overlay = (run: number): Promise<boolean> => card.locator(`[data-run="${run}"]`).isVisible();
    expect([await overlay(0), await overlay(1)]).toEqual([true, false]);
    let last = (await picture(page, CANVAS)).sum;
    await card.locator('input[data-role="run"][value="1"]').check();
    last = await changed(page, last);
    expect([await overlay(0), await overlay(1)]).toEqual([false, true]);
    for (const shown of ['truth', 'prediction', 'distance', 'both']) {
      await card.locator(`input[data-role="shown"][value="${shown}"]`).check();
      last = await changed(page, last);
    }
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('has no serious fault of accessibility: %s', async (theme) => {
    for (const name of ['freihand', 'hint-newdays']) {
      const { page } = await open(name, 1100, theme);
      await page.evaluate(axe.source);
      const faults = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
        "axe.run().then(({ violations }) => violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)))",
      );
      expect(faults.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`)).toEqual([]);
      await page.context().close();
    }
  });

  it('follows the theme that is chosen', async () => {
    const { page } = await open('freihand', 1100, 'dark');
    const background = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await background();
    await page.locator('#theme').click();
    expect(await page.locator('#theme').textContent()).toBe('Theme: light');
    const light = await background();
    expect(light).not.toBe(dark);
    await page.locator('#theme').click();
    expect(await background()).toBe(dark);
    await page.context().close();
  });

  it.each(['freihand', 'ho3d-v2', 'hint-newdays'])('is no wider than a phone: %s', async (name) => {
    const { page } = await open(name, 375);
    for (const summary of await page.locator('summary').all()) await summary.click();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
    await page.context().close();
  });

  it('begins with a way past what comes before the content', async () => {
    const { page } = await open('freihand');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.context().close();
  });
});
