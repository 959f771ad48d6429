/** report.html: one file that needs nothing else, made of a report's data. */
import type { About, Comparison, Report } from '../../schema.ts';
import { escapeText } from '../charts/svg.ts';
import { checksTable } from '../tables.ts';
import { verdict } from '../verdict.ts';
import { failureChapter } from './failures.ts';
import { growthChapter } from './growth.ts';
import { heading, note, paragraph, table } from './parts.ts';
import { ratioChapter } from './ratios.ts';
import { cpuChapter, latencyChapter, throughputChapter } from './speed.ts';
import { STYLE } from './style.ts';

/** Nothing is loaded and nothing runs: the page may say so. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function printPage({ comparisons }: Report): string {
  const head = [
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>Modes of fairway compared</title>',
    // Without one, a browser asks for /favicon.ico.
    '<link rel="icon" href="data:,">',
    `<style>${STYLE}</style>`,
  ];
  const body = comparisons.map(comparisonPart).join('\n');
  return `<!doctype html>\n<html lang="en">\n<head>\n${head.join('\n')}\n</head>\n<body>\n${body}</body>\n</html>\n`;
}

function comparisonPart(comparison: Comparison, index: number): string {
  const title = comparison.about.where === 'emulated' ? 'In an emulated machine' : 'Modes compared';
  const parts = [
    index === 0 ? '<h1>Modes of fairway compared</h1>\n' : heading(2, title),
    `<div class="verdict">${verdict(comparison)
      .map((sentence) => paragraph(sentence))
      .join('')}</div>\n`,
    aboutList(comparison),
  ];
  return [...parts, ...chapters(comparison), notesPart(comparison)].join('');
}

function chapters(comparison: Comparison): readonly string[] {
  if (comparison.about.where === 'emulated') {
    return [ratioChapter(comparison), checksChapter(comparison)];
  }
  const size = comparison.effort.sizes[0] ?? 0;
  return [
    latencyChapter(comparison, size),
    throughputChapter(comparison, size),
    growthChapter(comparison),
    cpuChapter(comparison, size),
    failureChapter(comparison),
    checksChapter(comparison),
  ];
}

const PLACES: Readonly<Record<About['where'], string>> = {
  namespaces: 'one machine, in network namespaces',
  emulated: 'an emulated machine, in network namespaces',
  cluster: 'a real cluster',
};

function aboutList({ about, effort, absent }: Comparison): string {
  const versions = Object.entries(about.versions).map(([name, version]) => `${name} ${version}`);
  const entries: readonly (readonly [string, string])[] = [
    ['Where', PLACES[about.where]],
    ['When', about.date.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')],
    ['Kernel', `Linux ${about.kernel}`],
    ['Machine', `${String(about.cores)} processors (${about.cpu}), ${String(about.gigabytes)} GB`],
    ['Versions', versions.join(', ')],
    ['Command', about.command],
    [
      'Rounds',
      `${String(effort.rounds)} of ${String(effort.seconds)} s for each load, all in turn`,
    ],
    ...absent.map(({ id, reason }) => [`Without ${id}`, reason] as const),
  ];
  const items = entries.map(
    ([term, text]) => `<dt>${escapeText(term)}</dt><dd>${escapeText(text)}</dd>`,
  );
  return `<dl>${items.join('')}</dl>\n`;
}

function checksChapter(comparison: Comparison): string {
  const checks = checksTable(comparison);
  if (checks.rows.length === 0) return '';
  return [
    heading(2, 'What is right'),
    table(checks),
    note(
      'Unevenness is chi-squared for each degree of freedom: 0 where endpoints take turns, about 1 ' +
        'where chance picks, far above where some are preferred. Affinity is that of connections ' +
        'behind a client’s first, once that stands. The client’s address is kept where ' +
        'servers see the one that the client has.',
    ),
  ].join('');
}

function notesPart({ about }: Comparison): string {
  return [heading(2, 'How it was measured'), ...about.notes.map(note)].join('');
}
