import tseslint from 'typescript-eslint'

const ambient = [
  'Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'Buffer', 'console', 'fetch', 'crypto'
].map(name => ({ name, message: 'src/ is pure: time, chance and effects arrive as arguments' }))

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/generated/**', 'src/*kernels/assembly/**', '**/*.js', '**/*.mjs', '**/*.cjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: ['./test/tsconfig.json', './node/web/page/tsconfig.json'], tsconfigRootDir: `${import.meta.dirname}/..` } },
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'prefer-const': 'error'
    }
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...ambient],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'chance is an argument' }]
    }
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' }
  }
)
