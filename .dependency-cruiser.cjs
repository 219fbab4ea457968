/** Import boundaries (docs/design.md): leaves, libraries and services; services never import each other. */
const services = ['edge', 'cloud', 'firmware-sim', 'dashboards', 'start'];
const group = (names) => `^(${names.join('|')})/`;

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'wire-is-a-leaf',
      comment: 'broker/wire runs in a browser and imports nothing of ours',
      severity: 'error',
      from: { path: '^broker/wire/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^(service|accounts|broker|edge|series|cloud|contracts|firmware-sim|dashboards|start|bench)/',
        pathNot: '^broker/wire/',
      },
    },
    {
      name: 'encoding-is-a-leaf',
      comment: 'contracts/encoding runs in a browser and imports nothing of ours',
      severity: 'error',
      from: { path: '^contracts/encoding/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^(service|accounts|broker|edge|series|cloud|contracts|firmware-sim|dashboards|start|bench)/',
        pathNot: '^contracts/(encoding|vectors)/',
      },
    },
    ...services.map((name) => ({
      name: `${name}-is-nobodys-library`,
      comment: 'services never import each other',
      severity: 'error',
      from: {
        path: group([
          ...services.filter((other) => other !== name),
          'broker',
          'series',
          'accounts',
          'contracts',
        ]),
      },
      to: { path: group([name]) },
    })),
    {
      name: 'libraries-import-leaves-only',
      severity: 'error',
      from: { path: '^(broker|series|accounts|contracts)/' },
      to: {
        path: '^(accounts|broker|series|contracts)/',
        pathNot: ['^service/', '^broker/wire/', '^contracts/encoding/', '^$1/'],
      },
    },
    {
      name: 'nothing-imports-bench',
      severity: 'error',
      from: { pathNot: '^bench/' },
      to: { path: '^bench/' },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { pathNot: '\\.(test|suite)\\.ts$|^(bench|start/e2e)/' },
      to: { path: '\\.(test|suite)\\.ts$' },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^node:' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(node_modules|dist|data)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.svelte'],
    },
  },
};
