import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'

/** The rooms from the ground up: a room imports from lower levels and from itself, never sideways or upwards. */
const levels: readonly (readonly string[])[] = [
  ['src/errors.ts', 'src/log.ts', 'src/nearest.ts', 'src/oci'],
  ['src/stream', 'src/dockerfile', 'src/http', 'src/sys'],
  ['src/tar', 'src/rootfs', 'src/content', 'src/registry'],
  ['src/image', 'src/context', 'src/git', 'src/plan'],
  ['cache', 'src/run', 'src/snapshot', 'src/lint'],
  ['src/build', 'src/output', 'warmer'],
  ['src/cli', 'src/packaging'],
  ['bin'],
]

/** Neighbours on one level with a door between them. */
const sideDoors: readonly (readonly [from: string, to: string])[] = [
  ['src/oci', 'src/errors.ts'],
  ['src/rootfs', 'src/tar'],
]

/** Packages that come into the house through one room only. */
const doors: Readonly<Record<string, string>> = {
  'dockerfile-ast': 'src/dockerfile',
  undici: 'src/http',
  koffi: 'src/sys',
  'tar-stream': 'src/tar',
  'xz-decompress': 'src/stream',
  'better-sqlite3': 'cache',
  yargs: 'src/cli',
}

/** Packages for any room from this level up. */
const sharedPackages: Readonly<Record<string, number>> = { 'p-limit': 2, 'lru-cache': 2 }

const pureRooms = ['src/oci', 'src/dockerfile', 'src/plan', 'src/lint']
const pureModules = ['node:crypto', 'node:path', 'node:path/posix']
const maximumLines = 350

interface SourceFile {
  /** Relative to the checkout, with slashes. */
  readonly path: string
  readonly room: string
  readonly text: string
  /** The text without comments. */
  readonly code: string
  readonly imports: readonly string[]
}

/** What breaks the house's rules below a checkout: "path: rule", one line each, sorted. */
export function architectureViolations(checkout: string): readonly string[] {
  const paths = globSync('{bin,src,cache,warmer}/**/*.{ts,mts,cts,js,mjs,cjs}', { cwd: checkout }).sort()
  return paths.flatMap((path) => {
    const file = readSource(checkout, path)
    const rules = [roomRule, importRules, purityRules, processRule, formRules]
    return rules.flatMap((rule) => rule(file)).map((broken) => `${path}: ${broken}`)
  })
}

/** How many source files the rules look at. */
export function sourceFileCount(checkout: string): number {
  return globSync('{bin,src,cache,warmer}/**/*.ts', { cwd: checkout }).length
}

function readSource(checkout: string, path: string): SourceFile {
  const text = readFileSync(join(checkout, path), 'utf8')
  const code = withoutComments(text)
  return { path, room: roomOf(path), text, code, imports: importsOf(code) }
}

function roomRule({ room }: SourceFile): readonly string[] {
  return levelOf(room) === undefined ? [`"${room}" is no room of the house; give it a level`] : []
}

function importRules(file: SourceFile): readonly string[] {
  return file.imports.flatMap((specifier) => {
    if (specifier.startsWith('node:')) return []
    const broken = specifier.startsWith('.') ? relativeImport(file, specifier) : packageImport(file, specifier)
    return broken === undefined ? [] : [broken]
  })
}

function relativeImport({ path, room }: SourceFile, specifier: string): string | undefined {
  if (!specifier.endsWith('.ts') && !specifier.endsWith('.json')) return `imports ${specifier} without its extension`
  const target = posix.join(dirname(path), specifier)
  const other = roomOf(target)
  const [own, its] = [levelOf(room), levelOf(other)]
  if (room === other || own === undefined) return undefined
  if (target === 'package.json' && own >= 6) return undefined
  if (its === undefined) return `imports ${target}, which is outside the house`
  if (its < own || sideDoors.some(([from, to]) => from === room && to === other)) return undefined
  return `${room} (level ${own}) imports ${target} (level ${its}); rooms import from lower levels only`
}

function packageImport({ room }: SourceFile, specifier: string): string | undefined {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  const door = doors[name]
  if (door !== undefined) return door === room ? undefined : `imports ${name}; only ${door} may`
  const lowest = sharedPackages[name]
  if (lowest === undefined) return `imports ${specifier}, which no rule lets in`
  return (levelOf(room) ?? 0) >= lowest ? undefined : `imports ${name}; only rooms from level ${lowest} up may`
}

function purityRules({ room, code, imports }: SourceFile): readonly string[] {
  if (!pureRooms.includes(room)) return []
  const modules = imports.filter((specifier) => specifier.startsWith('node:') && !pureModules.includes(specifier))
  const touched = [/\bprocess\.[a-z]\w*/, /\bDate\.now\b/, /\bnew Date\(\)/, /\bperformance\.\w+/, /\bMath\.random\b/]
  return [
    ...modules.map((module) => `${room} is pure but imports ${module}`),
    ...found(code, touched).map((text) => `${room} is pure but uses ${text}`),
  ]
}

function processRule({ room, code }: SourceFile): readonly string[] {
  if (room === 'src/cli' || room === 'bin') return []
  const touched = [/\bprocess\.(?:env|argv|argv0|cwd)\b/, /\bfrom\s*['"](?:node:)?process['"]/]
  return found(code, touched).map((text) => `uses ${text}; only src/cli and bin may`)
}

function formRules({ path, text, code }: SourceFile): readonly string[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  const broken: string[] = []
  if (lines > maximumLines) broken.push(`has ${lines} lines; ${maximumLines} are the most`)
  if (!path.endsWith('.ts')) broken.push('is not TypeScript')
  if (/^index\./.test(basename(path))) broken.push('is an index file; name it for its one idea')
  // A "credential-helper" is Docker's word for a thing; a plain "helper" is a drawer.
  if (/(?:^|[/.-])utils?(?=[/.-])|\/helpers?[/.]/.test(path)) broken.push('is named for no idea of its own')
  if (/^\s*export\s+default\b|\bas\s+default\b/m.test(code)) broken.push('has a default export')
  for (const name of found(code, [/^(?:export\s+)?(?:let|var)\s+\w+/m])) broken.push(`has a module-level "${name}"`)
  return broken
}

function found(code: string, patterns: readonly RegExp[]): readonly string[] {
  return patterns.flatMap((pattern) => pattern.exec(code)?.[0] ?? [])
}

function roomOf(path: string): string {
  const parts = path.split('/')
  return parts[0] === 'src' ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
}

function levelOf(room: string): number | undefined {
  const level = levels.findIndex((rooms) => rooms.includes(room))
  return level < 0 ? undefined : level
}

function importsOf(code: string): readonly string[] {
  const statement = /(?:^|[;\n])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])([^'"\n]+)\1/g
  const bare = /(?:^|[;\n])\s*import\s*(['"])([^'"\n]+)\1/g
  const called = /\b(?:import|require|require\.resolve|import\.meta\.resolve)\(\s*(['"`])([^'"`\n]+)\1/g
  return [statement, bare, called].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[2] ?? ''))
}

/** Blanks comments out and keeps texts, in which "//" means nothing. */
function withoutComments(text: string): string {
  const tokens = /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replace(tokens, (_, literal: string | undefined) => literal ?? '')
}
