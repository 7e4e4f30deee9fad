import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'
import { refuseUnwritable } from '../../../src/cli/refuse-unwritable.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { refusal } from './refusal.ts'

function check(cwd: string, ...args: readonly string[]): void {
  const parsed = parseExecutor(['-d', 'x', ...args], {}, cwd)
  assert.ok(parsed.kind === 'build')
  refuseUnwritable(parsed.options)
}

test('a path that cannot become what it shall is refused with its flag, and nothing is made', (t) => {
  const cwd = temporaryDirectory(t)
  mkdirSync(join(cwd, 'directory'))
  writeFileSync(join(cwd, 'file'), '')
  const wrong = [
    ['--tar-path', 'directory'],
    ['--tar-path', 'file/image.tar'],
    ['--tar-path', 'file/a/b/image.tar'],
    ['--digest-file', 'directory'],
    ['--image-name-with-digest-file', 'directory'],
    ['--image-name-tag-with-digest-file', 'file/x'],
    ['--oci-layout-path', 'file'],
    ['--oci-layout-path', 'file/x'],
  ] as const
  for (const [flag, path] of wrong) {
    const message = `${flag} cannot be written: ${join(cwd, path)}`
    assert.throws(() => check(cwd, `${flag}=${path}`), refusal('output-failed', message), `${flag} ${path}`)
  }
  assert.deepEqual(readdirSync(cwd).sort(), ['directory', 'file'])
})

test('files that are there, and directories yet to be made, can be written', (t) => {
  const cwd = temporaryDirectory(t)
  mkdirSync(join(cwd, 'layout'))
  writeFileSync(join(cwd, 'image.tar'), '')
  check(cwd, '--tar-path=image.tar', '--oci-layout-path=layout', '--digest-file=/dev/null')
  check(cwd, '--tar-path=a/b/image.tar', '--oci-layout-path=c/d', '--digest-file=e/f')
  assert.deepEqual(readdirSync(cwd).sort(), ['image.tar', 'layout'])
})
