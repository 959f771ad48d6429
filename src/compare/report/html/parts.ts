/** Pieces of a page. */
import { colourClass, element, escapeText } from '../charts/svg.ts';
import type { Comparison } from '../../schema.ts';
import type { Table } from '../tables.ts';

export function paragraph(text: string, className = ''): string {
  return `<p${className === '' ? '' : ` class="${className}"`}>${escapeText(text)}</p>\n`;
}

export function heading(level: 2 | 3, text: string): string {
  return `<h${String(level)}>${escapeText(text)}</h${String(level)}>\n`;
}

export function note(text: string): string {
  return paragraph(text, 'note');
}

/** Charts side by side as far as the page is wide. */
export function charts(figures: readonly string[]): string {
  return `<div class="charts">\n${figures.join('\n')}\n</div>\n`;
}

export function figure(title: string, picture: string): string {
  return `<figure>${heading(3, title.charAt(0).toUpperCase() + title.slice(1))}${picture}</figure>`;
}

/** Nothing for a table without rows. */
export function table({ head, rows }: Table): string {
  if (rows.length === 0) return '';
  const titles = head.map((cell) => `<th scope="col">${escapeText(cell)}</th>`).join('');
  const body = rows.map(([first = '', ...cells]) => {
    const others = cells.map((cell) => `<td>${escapeText(cell)}</td>`).join('');
    return `<tr><th scope="row">${escapeText(first)}</th>${others}</tr>`;
  });
  const content = `<thead><tr>${titles}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>`;
  return `<div class="table"><table>${content}</table></div>\n`;
}

/** Which line is whose. */
export function legend({ subjects }: Comparison): string {
  const items = subjects.map(({ title }, index) => {
    const stroke = element('line', {
      ...{ x1: 0, x2: 28, y1: 5, y2: 5 },
      class: `line ${colourClass(index)}`,
    });
    const key = element('svg', { viewBox: '0 0 28 10', 'aria-hidden': 'true' }, stroke);
    return `<li>${key}${escapeText(title)}</li>`;
  });
  return `<ul class="legend">${items.join('')}</ul>\n`;
}
