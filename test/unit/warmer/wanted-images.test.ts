import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { identityOf } from '../../../warmer/wanted-image.ts'
import { type Wanted, type Wishes, wantedImages } from '../../../warmer/wanted-images.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { amd64, arm64 } from './publish.ts'

const parent = temporaryDirectory({ after })

function tree(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(parent, 'tree-'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(directory, dirname(file)), { recursive: true })
    writeFileSync(join(directory, file), text)
  }
  return directory
}

function wants(wishes: Partial<Wishes>): Promise<Wanted> {
  const none = { images: [], lists: [], dockerfiles: [], buildArgs: {}, matrix: new Map() }
  const common = { platforms: [amd64], buildPlatform: amd64, cwd: parent }
  return wantedImages({ ...none, ...common, ...wishes }, ({ href }) => Promise.reject(new Error(href)))
}

/** "debian:12 linux/amd64": Docker Hub's are meant. */
function names({ images }: Wanted): readonly string[] {
  return images.map((image) => identityOf(image).replace('index.docker.io/library/', ''))
}

test('every Dockerfile of a directory is looked at, and says itself what it wants', async () => {
  const cwd = tree({ 'a/Dockerfile': 'FROM debian:12\n', 'b/b.Dockerfile': 'FROM debian:12\nFROM alpine:3\n' })
  const wanted = await wants({ dockerfiles: ['.'], cwd })
  assert.deepEqual(names(wanted), ['debian:12 linux/amd64', 'alpine:3 linux/amd64'])
  assert.deepEqual(
    wanted.images.map(({ wantedBy }) => wantedBy),
    [['./a/Dockerfile', './b/b.Dockerfile'], ['./b/b.Dockerfile']],
  )
  assert.deepEqual([wanted.refused, wanted.warnings], [[], []])
})

test('a Dockerfile that cannot be parsed is one failure, whatever the matrix, and the others count', async () => {
  const cwd = tree({
    'a/Dockerfile': 'FORM x\n',
    'b/Dockerfile': 'FROM $NONE\n',
    'c/Dockerfile': 'ARG V\nFROM debian:$V\n',
  })
  const matrix = new Map([['V', ['11', '12']]])
  const wanted = await wants({ dockerfiles: [cwd], matrix, platforms: [amd64, arm64], cwd })
  assert.equal(names(wanted).length, 4)
  assert.deepEqual(
    wanted.refused.map(({ text, error }) => [text, error.code]),
    [
      [join(cwd, 'a/Dockerfile'), 'dockerfile-syntax'],
      [join(cwd, 'b/Dockerfile'), 'dockerfile-stage'],
    ],
  )
})

test('arguments have their defaults, a value for all, or each value of a matrix in all combinations', async () => {
  const text = 'ARG V=12\nARG W=slim\nARG X\nFROM debian:$V-$W$X\n'
  const cwd = tree({ Dockerfile: text })
  const tags = async (wishes: Partial<Wishes>): Promise<readonly string[]> =>
    names(await wants({ dockerfiles: ['Dockerfile'], cwd, ...wishes }))
  assert.deepEqual(await tags({}), ['debian:12-slim linux/amd64'])
  assert.deepEqual(await tags({ buildArgs: { V: '11' } }), ['debian:11-slim linux/amd64'])
  const matrix = new Map([
    ['V', ['11', '12']],
    ['W', ['a', 'b']],
  ])
  const all = ['11-ax', '11-bx', '12-ax', '12-bx'].map((tag) => `debian:${tag} linux/amd64`)
  assert.deepEqual(await tags({ matrix, buildArgs: { X: 'x' } }), all)
})

test('an argument of a matrix that no FROM can see makes no combinations, and is warned about', async () => {
  const cwd = tree({ Dockerfile: 'FROM debian:12\nARG V\nRUN $V\n' })
  const wanted = await wants({ dockerfiles: ['Dockerfile'], matrix: new Map([['V', ['1', '2']]]), cwd })
  assert.deepEqual(names(wanted), ['debian:12 linux/amd64'])
  assert.match(wanted.warnings.join('\n'), /^--build-arg-matrix V makes no difference: /)
})

test('the common platforms are for what names none: --platform of a FROM and a line of a list have their own', async () => {
  const cwd = tree({
    Dockerfile: 'FROM --platform=linux/s390x a\nFROM --platform=$BUILDPLATFORM b\nFROM c\n',
    list: 'd linux/arm/v7\ne\n',
  })
  const wanted = await wants({ dockerfiles: ['Dockerfile'], lists: ['list'], platforms: [amd64, arm64], cwd })
  const expected = [
    'd:latest linux/arm/v7',
    'e:latest linux/amd64',
    'e:latest linux/arm64',
    'a:latest linux/s390x',
    'b:latest linux/amd64',
    'c:latest linux/amd64',
    'c:latest linux/arm64',
  ]
  assert.deepEqual(names(wanted), expected)
})

test('a directory of lists is read as a mounted ConfigMap is laid out', async () => {
  const cwd = tree({ 'm/..2026_03_01/a.txt': 'debian:12\n', 'm/..2026_03_01/b': 'alpine:3\n', 'm/sub/c': 'never:1\n' })
  symlinkSync('..2026_03_01', join(cwd, 'm/..data'))
  for (const name of ['a.txt', 'b']) symlinkSync(`..data/${name}`, join(cwd, 'm', name))
  const wanted = await wants({ lists: ['m'], cwd })
  assert.deepEqual(names(wanted), ['debian:12 linux/amd64', 'alpine:3 linux/amd64'])
  assert.deepEqual(wanted.warnings, ['m/sub is a directory, and no list of images'])
  assert.deepEqual(wanted.images[0]?.wantedBy, ['m/a.txt:1'])
})

test('what is wanted in several ways is wanted once, by all of them', async () => {
  const cwd = tree({ Dockerfile: 'FROM debian:12\n', list: 'docker.io/library/debian:12\ndebian:12 linux/amd64\n' })
  const wanted = await wants({ lists: ['list'], dockerfiles: ['Dockerfile', 'Dockerfile'], cwd })
  assert.deepEqual(names(wanted), ['debian:12 linux/amd64'])
  assert.deepEqual(wanted.images[0]?.wantedBy, ['list:1', 'list:2', 'Dockerfile'])
})

test('a relative layout is looked for from the working directory, also when a list names it', async () => {
  const cwd = tree({ list: 'oci:l:a:1\n' })
  assert.equal((await wants({ lists: ['list'], cwd })).images[0]?.layout?.directory, join(cwd, 'l'))
})

test('files that are none are failures of their own: pipes, loops, links that lead out or nowhere, nothing at all', async () => {
  const cwd = tree({ 'd/good/Dockerfile': 'FROM a\n', 'l/good': 'b\n', outside: 'c\n', 'empty/x': '' })
  for (const place of ['d/Dockerfile', 'l/list']) {
    execFileSync('mkfifo', [join(cwd, `${place}.pipe`)])
    symlinkSync(`${place}.loop`.split('/')[1] as string, join(cwd, `${place}.loop`))
    symlinkSync('../outside', join(cwd, `${place}.out`))
    symlinkSync('nothing', join(cwd, `${place}.nowhere`))
  }
  const wanted = await wants({ dockerfiles: ['d', 'empty', 'none'], lists: ['l', 'no-list', 'l/list.loop'], cwd })
  assert.deepEqual(names(wanted), ['b:latest linux/amd64', 'a:latest linux/amd64'])
  const reasons = wanted.refused.map(({ text, error }) => `${text}: ${error.code}: ${error.why}`)
  const expected = [
    /^l\/list.loop: list-unreadable: .*leads to itself/,
    /^l\/list.nowhere: list-unreadable: it does not exist/,
    /^l\/list.out: list-unreadable: .*outside of/,
    /^l\/list.pipe: list-unreadable: it is not a regular file/,
    /^no-list: list-unreadable: it does not exist/,
    /^l\/list.loop: list-unreadable: .*leads to itself/,
    /^d\/Dockerfile.loop: dockerfile-missing: .*leads to itself/,
    /^d\/Dockerfile.nowhere: dockerfile-missing: it leads nowhere/,
    /^d\/Dockerfile.out: dockerfile-missing: .*outside of/,
    /^d\/Dockerfile.pipe: dockerfile-missing: it is not a regular file/,
    /^empty: dockerfile-missing: files are known by the names/,
    /^none: dockerfile-missing: tried/,
  ]
  assert.equal(reasons.length, expected.length, reasons.join('\n'))
  for (const [i, pattern] of expected.entries()) assert.match(reasons[i] ?? '', pattern)
})

test('huge Dockerfiles are read in one go, or refused', async () => {
  const cwd = tree({
    'Dockerfile.runs': `FROM a\n${`RUN echo ${'hello '.repeat(170)}\n`.repeat(10_000)}`,
    'Dockerfile.stages': 'FROM b\n'.repeat(50_000),
    'Dockerfile.noise': 'x'.repeat(10 << 20),
    'Dockerfile.zeros': '\0'.repeat(17 << 20),
  })
  const wanted = await wants({ dockerfiles: ['.'], cwd })
  assert.deepEqual(names(wanted), ['a:latest linux/amd64', 'b:latest linux/amd64'])
  assert.deepEqual(
    wanted.refused.map(({ text, error }) => [text, error.code]),
    [
      ['./Dockerfile.noise', 'dockerfile-syntax'],
      ['./Dockerfile.zeros', 'dockerfile-missing'],
    ],
  )
})
