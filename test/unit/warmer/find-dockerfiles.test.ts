import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { after, test } from 'node:test'
import { findDockerfiles, isDockerfileName, maxScanDepth } from '../../../warmer/find-dockerfiles.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const parent = temporaryDirectory({ after })

/** A directory of these files, each of which says FROM scratch. */
function tree(...files: readonly string[]): string {
  const directory = mkdtempSync(join(parent, 'tree-'))
  for (const file of files) {
    mkdirSync(join(directory, dirname(file)), { recursive: true })
    writeFileSync(join(directory, file), 'FROM scratch\n')
  }
  return directory
}

function found(directory: string): readonly string[] {
  const { paths, failures } = findDockerfiles(directory)
  assert.deepEqual(failures, [])
  return paths.map((path) => relative(directory, path))
}

for (const name of [
  'Dockerfile',
  'dockerfile',
  'Dockerfile.dev',
  'Dockerfile.dev.arm64',
  'app.Dockerfile',
  'a.dockerfile',
  'Containerfile',
  'Containerfile.ci',
  'x.Containerfile',
]) {
  test(`${name} is taken for a Dockerfile`, () => assert.equal(isDockerfileName(name), true))
}

for (const name of [
  'Dockerfile.dockerignore',
  'Dockerfile~',
  'Dockerfile.tmpl',
  'Dockerfile.j2',
  'Dockerfile.',
  '.Dockerfile',
  'Dockerfiles',
  'MyDockerfile',
  '.dockerignore',
  'dockerfile-lint',
  'Dockerfile.md',
]) {
  test(`${name} is not`, () => assert.equal(isDockerfileName(name), false))
}

test('Dockerfiles are found in all directories, sorted, but not in those of others', () => {
  const directory = tree(
    'web/Dockerfile',
    'api/deploy/api.Dockerfile',
    'Dockerfile',
    '.hidden/Dockerfile',
    '.git/Dockerfile',
    'web/node_modules/x/Dockerfile',
    'Dockerfile.dockerignore',
    'src/main.c',
    'Dockerfile.d/Dockerfile',
  )
  const expected = [
    '.hidden/Dockerfile',
    'Dockerfile',
    'Dockerfile.d/Dockerfile',
    'api/deploy/api.Dockerfile',
    'web/Dockerfile',
  ]
  assert.deepEqual(found(directory), expected)
})

test('symlinks to files count, symlinks to directories are not followed, so that loops are none', () => {
  const directory = tree('real/Dockerfile')
  symlinkSync('..', join(directory, 'real/up'))
  symlinkSync('real', join(directory, 'other'))
  symlinkSync('real/Dockerfile', join(directory, 'Dockerfile'))
  symlinkSync('Dockerfile.loop', join(directory, 'Dockerfile.loop'))
  assert.deepEqual(found(directory), ['Dockerfile', 'Dockerfile.loop', 'real/Dockerfile'])
})

test('a mounted ConfigMap has each of its files once', () => {
  const directory = tree('..2026_03_01/app.Dockerfile')
  symlinkSync('..2026_03_01', join(directory, '..data'))
  symlinkSync('..data/app.Dockerfile', join(directory, 'app.Dockerfile'))
  assert.deepEqual(found(directory), ['app.Dockerfile'])
})

test('what lies too deep is named, and not looked into', () => {
  const deep = (levels: number): string => Array.from({ length: levels }, (_, i) => `d${i + 1}`).join('/')
  const directory = tree(`${deep(maxScanDepth - 1)}/Dockerfile`, `${deep(maxScanDepth)}/Dockerfile`)
  const { paths, tooDeep } = findDockerfiles(directory)
  assert.deepEqual(
    paths.map((path) => relative(directory, path)),
    [`${deep(maxScanDepth - 1)}/Dockerfile`],
  )
  assert.deepEqual(
    tooDeep.map((path) => relative(directory, path)),
    [deep(maxScanDepth)],
  )
})

test('a directory that cannot be read is one failure, and the others are looked into', () => {
  const directory = tree('closed/Dockerfile', 'open/Dockerfile')
  const script = `import { findDockerfiles } from '${join(import.meta.dirname, '../../../warmer/find-dockerfiles.ts')}'
    process.setgid(65534)
    process.setuid(65534)
    const { paths, failures } = findDockerfiles('${directory}')
    console.log(JSON.stringify({ paths, failures: failures.map(({ code, where }) => [code, where]) }))`
  execFileSync('chmod', ['755', parent, directory])
  execFileSync('chmod', ['700', join(directory, 'closed')])
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  const closed = join(directory, 'closed')
  assert.deepEqual(JSON.parse(said), {
    paths: [join(directory, 'open/Dockerfile')],
    failures: [['permission', closed]],
  })
})
