import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const NOTE = '<!-- Written by npm run docs:write from the doc comments of what the entry points export; edit those. -->'
/** What can be imported, and the file that says what it exports. */
const ENTRY_POINTS: ReadonlyArray<readonly [name: string, file: string]> = [
  ['shoal', 'src/index.ts'], ['shoal/protocols', 'protocols/index.ts'], ['shoal/node', 'node/index.ts']
]
/** Longer ones are cut: the whole is in the editor and in the types. */
const LONGEST_SIGNATURE = 240

/** Every exported function, class and constant with its signature and what its doc comment says first. */
export function libraryReference (): string {
  const checkout = fileURLToPath(new URL('../..', import.meta.url))
  const paths = ENTRY_POINTS.map(([, file]) => checkout + file)
  const configuration = ts.getParsedCommandLineOfConfigFile(`${checkout}tsconfig.json`, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined })
  const program = ts.createProgram(paths, { ...configuration?.options, noEmit: true })
  const checker = program.getTypeChecker()
  const sections = ENTRY_POINTS.map(([name], index) => entrySection(checker, name, program.getSourceFile(paths[index] ?? '')))
  return ['# Library reference', '', NOTE, '', 'How the pieces fit together is in [library.md](library.md); types of arguments and results are in the package’s declarations.', '', ...sections.flat()].join('\n')
}

function entrySection (checker: ts.TypeChecker, name: string, file: ts.SourceFile | undefined): string[] {
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file)
  if (module === undefined) throw new Error(`${name} exports nothing`)
  const exported = checker.getExportsOfModule(module).map(symbol => resolved(checker, symbol)).filter(({ flags }) => (flags & ts.SymbolFlags.Value) !== 0)
  const entries = exported.sort((one, other) => one.name < other.name ? -1 : 1).flatMap(symbol => entry(checker, symbol))
  return [`## \`${name}\``, '', ...entries]
}

function resolved (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
}

function entry (checker: ts.TypeChecker, symbol: ts.Symbol): string[] {
  const words = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim()
  const thrown = symbol.getJsDocTags(checker).filter(({ name }) => name === 'throws').map(({ text }) => oneLine(ts.displayPartsToString(text)))
  return [
    `### ${symbol.name}`, '', '```ts', signature(checker, symbol), '```', '',
    ...words === '' ? [] : [firstParagraph(words), ''], ...thrown.length === 0 ? [] : [`Throws: ${thrown.join('; ')}`, '']
  ]
}

function signature (checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const declaration = symbol.valueDeclaration
  if (declaration === undefined) return symbol.name
  if (ts.isClassDeclaration(declaration)) return `class ${symbol.name}`
  const type = checker.getTypeOfSymbolAtLocation(symbol, declaration)
  const [call] = type.getCallSignatures()
  const text = call === undefined
    ? `const ${symbol.name}: ${checker.typeToString(type, declaration, ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope)}`
    : `function ${symbol.name} ${checker.signatureToString(call, declaration, ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope)}`
  return text.length <= LONGEST_SIGNATURE ? text : `${text.slice(0, LONGEST_SIGNATURE)}…`
}

function firstParagraph (words: string): string {
  return oneLine(words.split(/\n\s*\n/)[0] ?? '')
}

function oneLine (text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
