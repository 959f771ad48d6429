/** report.html in a real browser: nothing to complain about, nothing that runs out at the side. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { printPage } from '../../src/compare/report/html/page.ts';
import type { Comparison, Report } from '../../src/compare/schema.ts';
import { openBrowser, whyNoBrowser } from '../compare/browser.ts';
import type { Browser, Look } from '../compare/browser.ts';
import { madeUpComparison } from '../unit/compare/madeUp.ts';

const LOOKS: readonly Look[] = [
  { width: 400, scheme: 'light' },
  { width: 400, scheme: 'dark' },
  { width: 1600, scheme: 'light' },
  { width: 1600, scheme: 'dark' },
];

/** Where pictures are kept for somebody to look at; not at all when it is not set. */
const PICTURES = process.env['FAIRWAY_PICTURES'];

describe('report.html', { skip: whyNoBrowser() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-page-'));
  const pages: Readonly<Record<string, Report>> = {
    report: { format: 'fairway-compare-1', comparisons: [madeUpComparison()] },
    both: {
      format: 'fairway-compare-1',
      comparisons: [madeUpComparison(), emulated(madeUpComparison())],
    },
  };
  let browser: Browser;
  before(async () => {
    for (const [name, report] of Object.entries(pages)) {
      writeFileSync(join(folder, `${name}.html`), printPage(report));
    }
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  for (const name of Object.keys(pages)) {
    for (const look of LOOKS) {
      test(`${name}, ${String(look.width)} pixels wide, ${look.scheme}`, async () => {
        const url = pathToFileURL(join(folder, `${name}.html`)).href;
        const { pageWidth, complaints, picture } = await browser.look(url, look);
        keep(`${name}-${String(look.width)}-${look.scheme}.png`, picture);
        assert.deepEqual(complaints, []);
        assert.equal(pageWidth, look.width);
      });
    }
  }

  test('a page that is wider, and one that wants what it cannot have, would be noticed', async () => {
    const wrong = join(folder, 'wrong.html');
    writeFileSync(wrong, '<img src="missing.png"><div style="width: 2000px">wide</div>');
    const { pageWidth, complaints } = await browser.look(pathToFileURL(wrong).href, {
      width: 400,
      scheme: 'light',
    });
    assert.ok(pageWidth > 400);
    assert.match(complaints.join('\n'), /missing\.png/);
  });
});

function emulated(comparison: Comparison): Comparison {
  return { ...comparison, about: { ...comparison.about, where: 'emulated' } };
}

function keep(name: string, picture: Buffer): void {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  writeFileSync(join(PICTURES, name), picture);
}
