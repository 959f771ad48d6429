import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printPage } from './report/html/page.ts';
import { reportSchema } from './schema.ts';
import type { Comparison } from './schema.ts';

/** Write report.json and report.html into a folder that exists; the paths of what was written. */
export function writeReport(folder: string, comparisons: readonly Comparison[]): readonly string[] {
  const report = reportSchema.parse({ format: 'fairway-compare-1', comparisons });
  const [json, html] = [join(folder, 'report.json'), join(folder, 'report.html')];
  writeFileSync(json, `${JSON.stringify(report)}\n`);
  writeFileSync(html, printPage(report));
  return [json, html];
}
