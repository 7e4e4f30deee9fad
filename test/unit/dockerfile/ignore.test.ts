import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type IgnoreMatcher, parseIgnoreFile } from '../../../src/dockerfile/ignore.ts'
import { errorOf, said } from './read.ts'

type Outcome = 'exact' | 'below' | 'no'

/** "exact": the pattern matches the path itself; "below": it matches a directory above. */
const patterns: readonly (readonly [pattern: string, path: string, outcome: Outcome])[] = [
  ['**', 'file', 'exact'],
  ['**/', 'file', 'exact'],
  ['**', 'dir/file', 'exact'],
  ['**/', 'dir/file', 'exact'],
  ['**/**', 'dir/file', 'exact'],
  ['dir/**', 'dir/file', 'exact'],
  ['dir/**', 'dir/dir2/file', 'exact'],
  ['**/dir', 'dir', 'exact'],
  ['**/dir', 'dir/file', 'below'],
  ['**/dir2/*', 'dir/dir2/file', 'exact'],
  ['**/dir2/*', 'dir/dir2/file/x', 'below'],
  ['**/dir2/**', 'dir/dir2/dir3/file', 'exact'],
  ['**file', 'file', 'exact'],
  ['**file', 'dir/file', 'exact'],
  ['**file', 'dir/myfile', 'exact'],
  ['**/file', 'dir/dir/file', 'exact'],
  ['**/file', 'dir/myfile', 'no'],
  ['**/file*', 'dir/dir/file.txt', 'exact'],
  ['**/file*txt', 'dir/dir/file.txt', 'exact'],
  ['**/file*.txt*', 'dir/dir/file.txt', 'exact'],
  ['**/**/*.txt', 'dir/dir/file.txt', 'exact'],
  ['**/**/*.txt', 'file.txt', 'exact'],
  ['**/**/*.txt2', 'dir/dir/file.txt', 'no'],
  ['**file*', 'dir/myfile', 'no'],
  ['**file*', 'dir/filex', 'exact'],
  ['a**/*.txt', 'a/file.txt', 'exact'],
  ['a**/*.txt', 'a/dir/dir/file.txt', 'exact'],
  ['a/*.txt', 'a/dir/file.txt', 'no'],
  ['a/*.txt', 'a/file.txt', 'exact'],
  ['a/*.txt**', 'a/file.txt', 'exact'],
  ['a/*.txt**', 'a/file.txt/b/c', 'exact'],
  ['a/**/b', 'a/b', 'exact'],
  ['a/**/b', 'a/x/y/b', 'exact'],
  ['a/**/b', 'a/xb', 'no'],
  ['a[b-d]e', 'ae', 'no'],
  ['a[b-d]e', 'ace', 'exact'],
  ['a[^b-d]e', 'aze', 'exact'],
  ['a[^b-d]e', 'ace', 'no'],
  ['a[!b]e', 'a!e', 'exact'],
  ['.*', '.foo', 'exact'],
  ['.*', 'foo', 'no'],
  ['abc.def', 'abcZdef', 'no'],
  ['abc?def', 'abcZdef', 'exact'],
  ['abc?def', 'abc/def', 'no'],
  ['a?b', 'a☺b', 'exact'],
  ['a???b', 'a☺b', 'no'],
  ['*', 'a/b', 'below'],
  ['abc/**', 'abc', 'no'],
  ['**/.foo', 'bar.foo', 'no'],
  ['a(b)c/def', 'a(b)c/def', 'exact'],
  ['a.|)$(}+{bc', 'a.|)$(}+{bc', 'exact'],
  ['dist/proxy.py-2.4.0rc3.dev36+g08acad9.whl', 'dist/proxy.py-2.4.0rc3.dev36+g08acad9.whl', 'exact'],
  ['dist/*.whl', 'dist/proxy.py-2.4.0rc3.dev36+g08acad9.whl', 'exact'],
  ['a\\*b', 'a*b', 'exact'],
  ['a\\*b', 'axb', 'no'],
  ['a\\\\', 'a\\', 'exact'],
  ['dir', 'dir/a/b', 'below'],
  ['dir', 'other/dir', 'no'],
  ['dir/', 'dir/a', 'below'],
  ['/dir', 'dir', 'exact'],
  ['./dir', 'dir', 'exact'],
  ['x/../dir/.', 'dir', 'exact'],
  ['../dir', 'dir', 'no'],
  ['.', 'dir', 'no'],
  ['/', 'dir', 'no'],
  ['  dir  ', 'dir', 'exact'],
]

for (const [pattern, path, outcome] of patterns) {
  const verb = outcome === 'exact' ? 'matches' : outcome === 'below' ? 'matches a directory above' : 'does not match'
  test(`${pattern} ${verb} ${path}`, () => {
    const { ignores } = bound(parseIgnoreFile(pattern))
    assert.equal(ignores(path), outcome !== 'no')
    const above = path.split('/').slice(0, -1).join('/')
    if (outcome === 'below') assert.ok(ignores(above))
  })
}

const files: readonly {
  readonly what: string
  readonly text: string
  readonly ignored: readonly string[]
  readonly kept: readonly string[]
}[] = [
  {
    what: 'an exception below a directory',
    text: 'docs\n!docs/README.md\n',
    ignored: ['docs', 'docs/a', 'docs/x/README.md'],
    kept: ['docs/README.md'],
  },
  {
    what: 'an exception for a directory',
    text: '*\n!src\n',
    ignored: ['a', 'a/b'],
    kept: ['src', 'src/a', 'src/a/b'],
  },
  {
    what: 'a pattern after an exception',
    text: '**\n!util/docker/web\nutil/docker/web/foo\n',
    ignored: ['util', 'util/docker/web/foo', 'util/docker/web/foo/x'],
    kept: ['util/docker/web', 'util/docker/web/bar'],
  },
  { what: 'an exception before the pattern', text: '!a.go\n*.go\n', ignored: ['a.go'], kept: ['a.txt'] },
  {
    what: 'an exception with stars',
    text: 'node_modules\n!**/keep/*.js\n',
    ignored: ['node_modules/a', 'node_modules/keep'],
    kept: ['node_modules/x/keep/a.js', 'keep/a.js'],
  },
  {
    what: 'comments, blank lines and Windows line ends',
    text: '# a\r\n\r\n  \r\na\r\n #b\r\n',
    ignored: ['a', '#b'],
    kept: ['# a', 'b'],
  },
  { what: 'a byte order mark', text: '\uFEFFa\n', ignored: ['a'], kept: ['b'] },
  { what: 'a byte order mark before a comment', text: '\uFEFF#a\n', ignored: [], kept: ['#a', 'a'] },
  {
    what: 'blanks behind the mark of an exception',
    text: '*\n!  /a/b/ \n',
    ignored: ['a', 'a/c'],
    kept: ['a/b', 'a/b/c'],
  },
  { what: 'an exception behind a slash', text: '*\n/!a\n', ignored: ['b', '!a'], kept: ['a'] },
  { what: 'a name that starts with two marks', text: '*\n!!a\n', ignored: ['a'], kept: ['!a'] },
  { what: 'nothing', text: '', ignored: [], kept: ['a', 'a/b'] },
  { what: 'everything', text: '**\n', ignored: ['a', 'a/b'], kept: ['', '.'] },
]

for (const { what, text, ignored, kept } of files) {
  test(`an ignore file with ${what} keeps out what Docker keeps out`, () => {
    const { ignores } = bound(parseIgnoreFile(text))
    for (const path of ignored) assert.ok(ignores(path), `${path} is ignored`)
    for (const path of kept) assert.ok(!ignores(path), `${path} is kept`)
  })
}

test('a directory needs a look unless nothing in it can be wanted', () => {
  const { prunes } = bound(parseIgnoreFile('node_modules\n*.d\nbuild\n!build/**/keep\n!x.d/a/b\n'))
  for (const path of ['node_modules', 'node_modules/a', 'y.d', 'x.d/b', 'x.d/a/c']) assert.ok(prunes(path), path)
  for (const path of ['build', 'build/a', 'x.d', 'x.d/a', 'src', '', '.']) assert.ok(!prunes(path), path)
  assert.ok(parseIgnoreFile('a\n!**/*.md').prunes('b') === false)
  assert.ok(parseIgnoreFile('a\n!*.md').prunes('a'))
  assert.ok(parseIgnoreFile('a\n').prunes('a/b/c'))
})

for (const [text, line] of [
  ['ok\n[\n', 2],
  ['a[^', 1],
  ['[]a]', 1],
  ['[x-]', 1],
  ['[-x]', 1],
  ['[a-b-c]', 1],
  ['a\\', 1],
  ['# c\n!', 2],
  ['!  ', 1],
  ['![', 1],
] as const) {
  test(`${JSON.stringify(text)} is refused with its line`, () => {
    const error = errorOf(() => parseIgnoreFile(text))
    assert.equal(error.code, 'context-ignore')
    assert.match(said(error), new RegExp(`line ${line} `))
  })
}

test('answers do not depend on the order of the questions', () => {
  const unit = fc.constantFrom('a', 'b', '/', '*', '**', '?', '!', '\n')
  const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), fc.array(path, { maxLength: 12 }), (text, paths) => {
      const matcher = validMatcher(text)
      for (const asked of paths) assert.equal(matcher.ignores(asked), bound(parseIgnoreFile(text)).ignores(asked))
    }),
  )
})

test('what is pruned has nothing below it that is kept', () => {
  const unit = fc.constantFrom('a', 'b', '/', '*', '**', '?', '\n', '\n!')
  const names = ['a', 'b', 'ab', 'ba']
  const below = names.flatMap((one) => [one, ...names.map((two) => `${one}/${two}`)])
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), fc.constantFrom(...below), (text, directory) => {
      const { ignores, prunes } = validMatcher(text)
      if (prunes(directory)) for (const path of below) assert.ok(ignores(`${directory}/${path}`), path)
    }),
    { numRuns: 2000 },
  )
})

test('many stars and many paths stay quick', () => {
  const matcher = parseIgnoreFile(`${'**/*a'.repeat(30)}\n${'*a'.repeat(60)}b\n!${'**/a'.repeat(30)}/b\n`)
  const deep = `${'aaaaaaaa/'.repeat(200)}${'a'.repeat(200)}`
  for (let i = 0; i < 20; i++) assert.equal(typeof matcher.ignores(`${deep}${i}`), 'boolean')
})

/** Skips a generated file that is malformed. */
function validMatcher(text: string): IgnoreMatcher {
  try {
    return bound(parseIgnoreFile(text))
  } catch {
    fc.pre(false)
    throw new Error('unreachable')
  }
}

function bound(matcher: IgnoreMatcher): IgnoreMatcher {
  const { hasExceptions } = matcher
  return { ignores: (path) => matcher.ignores(path), prunes: (path) => matcher.prunes(path), hasExceptions }
}
