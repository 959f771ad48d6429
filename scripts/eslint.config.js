/** How code is written here. The import law is the table LAYERS. */
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const BASE = ['net', 'sorted'];
const BELOW_SYNC = [...BASE, 'model', 'plan', 'backends', 'config', 'observe', 'watch', 'kernel'];
BELOW_SYNC.push('relay', 'serve', 'takeover');
const COMPARE = ['servers', 'load', 'measure', 'report', 'cluster'];

/**
 * Which folders of src may import which others, and of which only types. A pure layer has no
 * input or output, clock, chance or environment, and no package that it does not own.
 */
const LAYERS = {
  net: { pure: true, imports: [], types: [] },
  sorted: { pure: true, imports: [], types: [] },
  model: { pure: true, imports: BASE, types: [] },
  plan: { pure: true, imports: BASE, types: [] },
  // A mode may build on the rules of iptables mode and on sets, not the other way round.
  backends: { pure: true, imports: [...BASE, 'model', 'plan', 'iptables', 'sets'], types: [] },
  // From one mode to another: all of them, seen from above.
  takeover: { pure: true, imports: [...BASE, 'plan', 'backends'], types: [] },
  config: { imports: [...BASE, 'model', 'backends'], types: ['observe', 'serve'] },
  observe: { imports: BASE, types: ['model', 'backends', 'relay'] },
  watch: { imports: [...BASE, 'model'], types: ['observe'] },
  kernel: { imports: [...BASE, 'plan', 'model'], types: ['backends', 'observe'] },
  // The last four are folders of its own, which build on each other.
  relay: { imports: [...BASE, 'plan', 'native', 'pick', 'tcp', 'udp'], types: ['observe'] },
  serve: { imports: BASE, types: ['model', 'observe'] },
  sync: { imports: BELOW_SYNC, types: [] },
  // All but the first three are folders of its own.
  compare: { imports: [...BASE, 'watch', 'backends', ...COMPARE], types: ['observe'] },
  'compare/report': { pure: true, imports: ['charts', 'html'], types: COMPARE },
  cli: { imports: [...BELOW_SYNC, 'sync', 'compare'], types: [] },
  'main.ts': { imports: ['cli'], types: [] },
  // A single file may have more than its folder: this one may run programs.
  'kernel/run.ts': { imports: [...BASE, 'plan'], types: [] },
};

/** Packages that few may import; others may import types of them. */
const OWNERS = {
  '@kubernetes/client-node': ['watch'],
  '@commander-js/extra-typings': ['cli'],
  commander: ['cli'],
  'd3-scale': ['compare/report'],
  'ipaddr.js': ['net'],
  'node:child_process': ['kernel/run.ts'],
  koffi: ['relay'],
  'node:crypto': ['net', 'watch', 'serve', 'sync', 'cli', 'compare'],
  'prom-client': ['observe', 'serve'],
  'sorted-btree': ['sorted'],
  winston: ['observe'],
};

const IMPURE_GLOBALS = [
  ...['clearImmediate', 'clearInterval', 'clearTimeout', 'console', 'crypto', 'fetch', 'global'],
  ...['globalThis', 'performance', 'process', 'queueMicrotask', 'setImmediate', 'setInterval'],
  'setTimeout',
].map((name) => ({ name, message: 'This layer is pure: take what you need as an argument.' }));

const IMPURE_PROPERTIES = [
  { object: 'Date', property: 'now', message: 'This layer is pure: take the time as an argument.' },
  { object: 'Math', property: 'random', message: 'This layer is pure: take it as an argument.' },
];

const IMPURE_SYNTAX = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'This layer is pure: take the time as an argument.',
  },
];

const TOP_LEVEL_ARROW = {
  selector:
    ':matches(Program, ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression',
  message: 'Declare a function.',
};

const EXIT = { object: 'process', property: 'exit', message: 'Only src/main.ts ends the process.' };

/** The alternatives of a regular expression; no name gives one that matches nothing. */
function anyOf(names) {
  return names.length === 0 ? '(?!)' : names.map((name) => name.replaceAll('.', '\\.')).join('|');
}

/** What may not be imported from where, as patterns over the import's text. */
function forbiddenImports(where, { pure = false, imports, types }) {
  const folder = where.replace(/\/?[^/]*\.ts$/, '');
  const own = [folder, ...imports, ...types].filter((name) => name !== '');
  const up = folder === '' ? '^\\./' : '^(?:\\.\\./)+';
  const packages = Object.keys(OWNERS).filter((name) => OWNERS[name].includes(where));
  const foreign = Object.keys(OWNERS).filter((name) => !packages.includes(name));
  const layers = `src/${where} may import from ${imports.join(', ') || 'no other layer'}`;
  const message = types.length === 0 ? `${layers}.` : `${layers}; types from ${types.join(', ')}.`;
  return [
    { regex: `${up}(?!(?:${anyOf(own)})/)[^./]+/`, message },
    { regex: `${up}(?:${anyOf(types)})/`, allowTypeImports: true, message },
    {
      regex: pure ? `^(?!\\.)(?!(?:${anyOf(packages)})(?:/|$))` : `^(?:${anyOf(foreign)})(?:/|$)`,
      allowTypeImports: true,
      message: pure
        ? `src/${where} is pure; packages it may import: ${packages.join(', ') || 'none'}.`
        : 'This package has one home: see OWNERS in scripts/eslint.config.js.',
    },
  ];
}

/** The same patterns for `import()`, which no-restricted-imports does not look at. */
function forbiddenDynamicImports(patterns) {
  return patterns.map(({ regex, message }) => ({
    selector: `ImportExpression[source.value=/${regex.replaceAll('/', '\\u002F')}/]`,
    message,
  }));
}

/** The rules of one line of LAYERS. */
function layerRules([where, law]) {
  const patterns = forbiddenImports(where, law);
  const properties = where === 'main.ts' ? [] : [EXIT];
  const syntax = [TOP_LEVEL_ARROW, ...forbiddenDynamicImports(patterns)];
  return {
    files: [where.endsWith('.ts') ? `src/${where}` : `src/${where}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns }],
      'no-restricted-globals': ['error', ...(law.pure ? IMPURE_GLOBALS : [])],
      'no-restricted-properties': ['error', ...properties, ...(law.pure ? IMPURE_PROPERTIES : [])],
      'no-restricted-syntax': ['error', ...syntax, ...(law.pure ? IMPURE_SYNTAX : [])],
    },
  };
}

/** A file of src that LAYERS does not speak of would escape the law. */
const LAWLESS = {
  files: ['src/**/*.ts'],
  ignores: Object.keys(LAYERS).map((name) =>
    name.endsWith('.ts') ? `src/${name}` : `src/${name}/**`,
  ),
  rules: {
    'no-restricted-syntax': [
      'error',
      { selector: 'Program', message: 'Name this folder in LAYERS in scripts/eslint.config.js.' },
    ],
  },
};

const SIZES = {
  'max-lines': ['error', 300],
  'max-lines-per-function': ['error', 60],
  '@typescript-eslint/max-params': ['error', { max: 4 }],
  'max-depth': ['error', 3],
  complexity: ['error', 10],
};

const STYLE = {
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-unused-vars': [
    'error',
    { varsIgnorePattern: '^_', ignoreRestSiblings: true },
  ],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  // With a `default`, a new kind would go unnoticed; so it counts only where no union is in sight.
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { requireDefaultForNonUnion: true, allowDefaultCaseForExhaustiveSwitch: false },
  ],
  eqeqeq: 'error',
  'no-restricted-syntax': ['error', TOP_LEVEL_ARROW],
  // Types keep void apart from values already; `return report(problem)` reads well.
  '@typescript-eslint/no-confusing-void-expression': 'off',
  // Objects are closures here, whose methods do not know `this`.
  '@typescript-eslint/unbound-method': 'off',
  // API objects are literals, not instances of the client's classes.
  '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
};

export default tseslint.config(
  { ignores: ['node_modules', '.cache', '**/*.js'] },
  {
    files: ['**/*.ts'],
    extends: [
      js.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: `${import.meta.dirname}/..` },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { ...SIZES, ...STYLE },
  },
  ...Object.entries(LAYERS).map(layerRules),
  LAWLESS,
  {
    files: ['test/**/*.ts'],
    rules: {
      // A describe block is as long as what it describes.
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          // node:test waits for these itself.
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['describe', 'it', 'suite', 'test'] },
          ],
        },
      ],
    },
  },
);
