/** SVG as text. */

type Attributes = Readonly<Record<string, string | number>>;

/** For texts and attribute values. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}

/** `<name …>children</name>`; children are elements already, texts must be escaped. */
export function element(name: string, attributes: Attributes, children = ''): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escapeText(typeof value === 'number' ? short(value) : value)}"`,
  );
  return `<${name}${written.join('')}>${children}</${name}>`;
}

export function label(text: string, attributes: Attributes): string {
  return element('text', attributes, escapeText(text));
}

export function line(from: Point, to: Point, className: string): string {
  return element('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: className });
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pixels need no more than a digit behind the point. */
function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The whole picture; `title` is what a screen reader says. */
export function picture({ width, height }: Frame, title: string, content: string): string {
  return element(
    'svg',
    { viewBox: `0 0 ${String(width)} ${String(height)}`, role: 'img', 'aria-label': title },
    content,
  );
}

/** A class that gives subject number `index` its colour, and lines of it their dashes. */
export function colourClass(index: number): string {
  return `c${String(index % COLOURS)}`;
}

export const COLOURS = 7;
