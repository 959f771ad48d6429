import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportSchema } from './schema.ts';
import type { Comparison } from './schema.ts';

/** Write report.json into a folder that exists; the paths of what was written. */
export function writeReport(folder: string, comparisons: readonly Comparison[]): readonly string[] {
  const report = reportSchema.parse({ format: 'fairway-compare-1', comparisons });
  const json = join(folder, 'report.json');
  writeFileSync(json, `${JSON.stringify(report)}\n`);
  return [json];
}
