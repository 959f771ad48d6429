/** The parts of an object that selectors look at. */
export interface Selectable {
  readonly name: string;
  readonly labels: Readonly<Record<string, unknown>>;
}

export type Selector = (object: Selectable) => boolean;

/**
 * The selector of a query. Understands what the agent sends, `!label`, `label=x` and `metadata.name=x`, and
 * throws for the rest, so that a test cannot pass on a selector that was ignored.
 */
export function parseSelector(query: URLSearchParams): Selector {
  const labels = terms(query.get('labelSelector')).map(labelTerm);
  const fields = terms(query.get('fieldSelector')).map(fieldTerm);
  const all = [...labels, ...fields];
  return (object) => all.every((matches) => matches(object));
}

function terms(selector: string | null): string[] {
  return selector === null ? [] : selector.split(',');
}

function labelTerm(term: string): Selector {
  const [, not, key, value] = /^(!?)([\w./-]+)(?:=([\w.-]*))?$/.exec(term) ?? [];
  if (key === undefined || (not === '!') === (value !== undefined)) {
    throw new Error(`unable to parse requirement: ${term}`);
  }
  return ({ labels }) => (value === undefined ? !(key in labels) : labels[key] === value);
}

function fieldTerm(term: string): Selector {
  const wanted = /^metadata\.name=(.+)$/.exec(term)?.[1];
  if (wanted === undefined) throw new Error(`field label not supported: ${term}`);
  return ({ name }) => name === wanted;
}
