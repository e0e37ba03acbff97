// A picture of a report's page, for the README: node scripts/report-picture.mjs REPORT.html PICTURE.png [light|dark]
// Needs Debian's chromium; playwright-core drives it.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [report, picture, colorScheme = 'light'] = process.argv.slice(2);
if (report === undefined || picture === undefined) {
  console.error('usage: node scripts/report-picture.mjs REPORT.html PICTURE.png [light|dark]');
  process.exit(2);
}
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
});
const page = await browser.newPage({
  viewport: { width: 1100, height: 900 },
  colorScheme,
  deviceScaleFactor: 1.5,
});
await page.goto(pathToFileURL(resolve(report)).href);
const samples = page.locator('.samples-grid').first();
await samples.scrollIntoViewIfNeeded();
// Hands are drawn when they come into sight.
await page.waitForTimeout(1500);
await samples.screenshot({ path: picture });
await browser.close();
