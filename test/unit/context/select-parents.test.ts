import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { openContext } from '../../../src/context/open-context.ts'
import { type SelectOptions, selectSources } from '../../../src/context/select.ts'
import { digestSources } from '../../../src/context/source-digest.ts'
import { contextTree, type SourceTree } from '../../../src/context/source-tree.ts'
import { ignoreMatcherOf } from '../../../src/dockerfile/ignore.ts'
import { HearthError } from '../../../src/errors.ts'
import { entriesOf } from '../../../src/rootfs/selected-source.ts'
import { makeContext } from '../../support/context.ts'
import { type Lifetime, temporaryDirectory } from '../../support/temp.ts'

const files = {
  '.dockerignore': 'x/hidden\n**/*.log\n',
  'x/a.txt': 'a',
  'x/b.md': 'b',
  'x/hidden/c.txt': 'c',
  'x/y/d.txt': 'd',
  'x/y/z/e.txt': 'e',
  'y/a.txt': 'a',
  'y/f.log': 'f',
  'top.txt': 't',
  '!odd': 'o',
  'with\\back': 'w',
  link: { link: 'x' },
} as const

async function tree(t: Lifetime): Promise<SourceTree & { readonly root: string }> {
  const directory = makeContext(temporaryDirectory(t), files)
  return contextTree(await openContext({ context: directory, cwd: '/' }))
}

/** What is copied, each below where its source starts; directories on the way in brackets. */
function taken(from: SourceTree, options: SelectOptions, ...sources: readonly string[]): readonly string[] {
  return selectSources(from, sources, options).flatMap((source) => {
    if (!source.isDirectory) return [source.name as string]
    const start = source.path === '' ? '' : `${source.path}: `
    return [...entriesOf(source)].slice(1).map(({ record, path, isOnTheWay }) => {
      const shown = record.type === 'directory' ? `${path}/` : path
      return start + (isOnTheWay ? `(${shown})` : shown)
    })
  })
}

function without(...patterns: readonly string[]): SelectOptions {
  return { exclude: ignoreMatcherOf(patterns) }
}

function refused(says: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof HearthError && error.code === 'copy-source' && says.test(`${error.message}\n${error.why ?? ''}`)
}

const parents = { parents: true } as const

const kept: readonly (readonly [sources: readonly string[], taken: readonly string[]])[] = [
  [['x/a.txt'], ['(x/)', 'x/a.txt']],
  [
    ['./x/a.txt', '/y/a.txt'],
    ['(x/)', 'x/a.txt', '(y/)', 'y/a.txt'],
  ],
  [['x/y'], ['(x/)', 'x/y/', 'x/y/d.txt', 'x/y/z/', 'x/y/z/e.txt']],
  [['x/y/'], ['(x/)', 'x/y/', 'x/y/d.txt', 'x/y/z/', 'x/y/z/e.txt']],
  [['x/../y/a.txt'], ['(y/)', 'y/a.txt']],
  [['../x/./a.txt'], ['x: a.txt']],
  [['x/./y/d.txt'], ['x: (y/)', 'x: y/d.txt']],
  [['./x/y/./z/e.txt'], ['x/y: (z/)', 'x/y: z/e.txt']],
  [['*/./a.txt'], ['x: a.txt', 'x: a.txt', 'y: a.txt']],
  [['link/./a.txt'], ['x: a.txt']],
  [['link'], ['link']],
  [['?/*.txt'], ['(x/)', 'x/a.txt', '(y/)', 'y/a.txt']],
  [['x/**/*.txt'], ['(x/)', 'x/a.txt', '(x/y/)', 'x/y/d.txt', '(x/y/z/)', 'x/y/z/e.txt']],
  [['**/z/*'], ['(x/)', '(x/y/)', '(x/y/z/)', 'x/y/z/e.txt']],
  [['y'], ['y/', 'y/a.txt']],
  [['none*/a', '*/./none*'], []],
  [
    ['!odd', 'with\\back'],
    ['!odd', 'with\\back'],
  ],
]

for (const [sources, expected] of kept) {
  test(`--parents ${sources.join(' ')}`, async (t) => {
    assert.deepEqual(taken(await tree(t), parents, ...sources), expected)
  })
}

test('--parents of everything is everything', async (t) => {
  const from = await tree(t)
  assert.deepEqual(taken(from, parents, '.'), taken(from, {}, '.'))
})

test('a source of --parents without wildcards must be there, and be reached without symlinks', async (t) => {
  const from = await tree(t)
  for (const source of ['x/none', 'none/./a', 'x/a.txt/./b', 'top.txt/b']) {
    assert.throws(() => taken(from, parents, source), refused(/is not in/), source)
  }
  assert.throws(() => taken(from, parents, 'link/a.txt'), refused(/leads through a symlink/))
  for (const source of ['x/hidden', 'x/hidden/c.txt', 'y/f.log']) {
    assert.throws(() => taken(from, parents, source), refused(/keeps it out/), source)
  }
  execFileSync('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind('${join(from.root, 'x/socket')}')`])
  assert.throws(() => taken(from, parents, 'x/socket'), refused(/is a socket/))
  assert.throws(() => taken(from, parents, 'x/[a'), refused(/not a valid pattern/))
})

const excluded: readonly (readonly [
  patterns: readonly string[],
  sources: readonly string[],
  taken: readonly string[],
])[] = [
  [['*.txt'], ['x'], ['x: b.md', 'x: y/', 'x: y/d.txt', 'x: y/z/', 'x: y/z/e.txt']],
  [['**/*.txt'], ['x'], ['x: b.md', 'x: y/', 'x: y/z/']],
  [['y'], ['x'], ['x: a.txt', 'x: b.md']],
  [['/y/', './a.txt'], ['x'], ['x: b.md']],
  [['x/y'], ['x'], ['x: a.txt', 'x: b.md', 'x: y/', 'x: y/d.txt', 'x: y/z/', 'x: y/z/e.txt']],
  [['*', '!y/z'], ['x'], ['x: (y/)', 'x: y/z/', 'x: y/z/e.txt']],
  [
    ['*.txt'],
    ['top.txt', '[^l]*', 'y/*'],
    ['!odd', '.dockerignore', 'with\\back', 'x: b.md', 'x: y/', 'x: y/d.txt', 'x: y/z/', 'x: y/z/e.txt'],
  ],
  [[''], ['y'], ['y: a.txt']],
]

for (const [patterns, sources, expected] of excluded) {
  test(`--exclude ${patterns.join(' ')} of ${sources.join(' ')}`, async (t) => {
    assert.deepEqual(taken(await tree(t), without(...patterns), ...sources), expected)
  })
}

test('patterns of --exclude are read from where the directories of --parents begin', async (t) => {
  const from = await tree(t)
  assert.deepEqual(taken(from, { ...parents, ...without('x/y', '*/a.txt') }, 'x'), ['x/', 'x/b.md'])
  assert.deepEqual(taken(from, { ...parents, ...without('y/z') }, 'x/./**/*.txt'), [
    'x: a.txt',
    'x: (y/)',
    'x: y/d.txt',
  ])
})

test('what is left out decides about no key, and what is on the way does', async (t) => {
  const from = await tree(t)
  const inputs = async (options: SelectOptions, source: string): Promise<readonly string[]> => {
    const digested = await digestSources(selectSources(from, [source], options), { owners: false })
    return digested.inputs.map(({ path, mode }) => `${path} ${mode.toString(8)}`)
  }
  assert.deepEqual(await inputs(without('y', '*.md'), 'x'), ['/ 0', 'a.txt 644'])
  assert.deepEqual(await inputs(parents, 'x/y/d.txt'), ['/ 0', 'x 755', 'x/y 755', 'x/y/d.txt 644'])
})

test('a malformed pattern of --exclude is an error', () => {
  assert.throws(() => ignoreMatcherOf(['a', '[b']), refused(/"\[b" is not a valid pattern/))
  assert.throws(() => ignoreMatcherOf(['!']), refused(/not a valid pattern/))
})
