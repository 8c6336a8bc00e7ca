/** The arrows of the house: src <- protocols <- node <- testnet. */
const nothingAbove = (storey, above) => ({
  name: `${storey}-imports-nothing-above`,
  severity: 'error',
  from: { path: `^${storey}/` },
  to: { path: `^(${above.join('|')})/` }
})

module.exports = {
  forbidden: [
    nothingAbove('src', ['protocols', 'node', 'testnet', 'test']),
    nothingAbove('protocols', ['node', 'testnet', 'test']),
    nothingAbove('node', ['testnet', 'test']),
    nothingAbove('testnet', ['test']),
    {
      name: 'no-node-built-ins-below-node',
      comment: 'src/ and protocols/ run in a browser tab too',
      severity: 'error',
      from: { path: '^(src|protocols)/' },
      to: { dependencyTypes: ['core'] }
    },
    {
      name: 'no-sockets-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/(@libp2p|libp2p|@multiformats|level|hono|pino|commander)/' }
    },
    {
      name: 'tensors-only-where-they-are-computed',
      severity: 'error',
      from: { pathNot: '^(src/(kernels|models|training)|node/(backends|trainer-worker)|test)/' },
      to: { path: 'node_modules/@tensorflow/' }
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: '^(src|protocols|node|testnet)/' },
      to: { dependencyTypes: ['npm-dev'] }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)generated/|^src/[a-z-]*kernels/assembly' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'test/tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] }
  }
}
