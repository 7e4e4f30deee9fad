import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { glibcVersion } from '../../../src/packaging/glibc-version.ts'
import { checkOwnLoader, withOwnLoader } from '../../../src/packaging/interpreter.ts'
import { libcEdits, loaderEdits, nodeEdits } from '../../../src/packaging/private-paths.ts'
import { readProgram } from '../../../src/packaging/program.ts'
import { checkTexts, editTexts, pathOfLength } from '../../../src/packaging/text-edit.ts'
import { tryRun } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { compile, libraryDirectory, load, ownMachine, refusal } from './programs.ts'

const machine = ownMachine()
const adapted = [
  { path: process.execPath, edits: nodeEdits },
  { path: join(libraryDirectory, 'libc.so.6'), edits: libcEdits(machine) },
  { path: join(libraryDirectory, machine.loader), edits: loaderEdits(machine) },
]

for (const { path, edits } of adapted) {
  test(`the edits of ${path} change nothing but their texts`, () => {
    const { bytes } = load(path)
    const edited = editTexts(path, bytes, edits)
    assert.equal(edited.length, bytes.length)
    checkTexts(path, edited, edits)
    const back = edits.map((edit) => ({ ...edit, find: edit.replace, replace: edit.find }))
    assert.deepEqual(editTexts(path, edited, back), bytes)
  })

  test(`each text that is missing, or there too often, in ${path} is named`, () => {
    const { bytes } = load(path)
    for (const edit of edits) {
      const gone = Buffer.from(bytes.toString('latin1').replaceAll(edit.find, edit.find.toUpperCase()), 'latin1')
      assert.throws(() => editTexts(path, gone, edits), refusal(path, / in this file 0 times, not [12]$/))
      const more = Buffer.concat([bytes, Buffer.from(`\0${edit.find}\0`, 'latin1')])
      assert.throws(() => editTexts(path, more, edits), refusal(path, / in this file [23] times, not [12]$/))
    }
  })

  test(`an edit of ${path} that did not last is found when the file is read again`, () => {
    assert.throws(() => checkTexts(path, load(path).bytes, edits), refusal(path, /did not last/))
  })
}

test('only whole texts are edited', () => {
  const edits = [{ find: '/etc/x', replace: '/own/x', times: 1 }]
  const bytes = Buffer.from('\x01/etc/x\0/usr/etc/x\0/etc/xy\0 /etc/x\0', 'latin1')
  assert.equal(editTexts('file', bytes, edits).toString('latin1'), '\x01/own/x\0/usr/etc/x\0/etc/xy\0 /etc/x\0')
  const unequal = [{ find: '/etc/x', replace: '/own/xy', times: 1 }]
  assert.throws(() => editTexts('file', bytes, unequal), TypeError)
})

test('a path is filled up to a length, never cut', () => {
  assert.equal(pathOfLength('/a', 'b', 7), '/a////b')
  assert.equal(pathOfLength('/a', 'b', 4), '/a/b')
  assert.throws(() => pathOfLength('/a', 'b', 3), TypeError)
})

test('a program gets the loader of the image, and nothing in it moves', async (t) => {
  const program = await compile(temporaryDirectory(t), 'program', { code: 'int main(void) { return 42; }' })
  const edited = withOwnLoader(program, machine)
  assert.equal(edited.length, program.bytes.length)
  checkOwnLoader('program', edited)
  assert.throws(() => checkOwnLoader('program', program.bytes), refusal('program', /asks for the loader/))
  assert.throws(() => withOwnLoader(readProgram('program', edited), machine), refusal('program', /not \/lib/))
})

test('a program without the usual loader, or without room for another, is refused', async (t) => {
  const directory = temporaryDirectory(t)
  const code = 'int main(void) { return 0; }'
  const other = await compile(directory, 'other', { code, flags: ['-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1'] })
  assert.throws(() => withOwnLoader(other, machine), refusal(other.path, /ld-musl/))
  const none = await compile(directory, 'none', { code, flags: ['-static'] })
  assert.throws(() => withOwnLoader(none, machine), refusal(none.path, /\(none\)/))
  const short = await compile(directory, 'short', { code, flags: ['-Wl,--dynamic-linker=/lib/ld.so'] })
  const shorter = { ...machine, interpreter: '/lib/ld.so' }
  assert.throws(() => withOwnLoader(short, shorter), refusal(short.path, /does not fit/))
})

test('a C library that would load name services is refused by its version', () => {
  const libc = load(join(libraryDirectory, 'libc.so.6'))
  assert.match(glibcVersion(libc), /^2\.\d\d$/)
  const banner = (text: string): typeof libc => ({ ...libc, bytes: Buffer.from(`\0GNU C Library ${text}\n`) })
  assert.equal(glibcVersion(banner('(Debian GLIBC 2.41-12) stable release version 2.41.')), '2.41')
  assert.throws(
    () => glibcVersion(banner('(Debian GLIBC 2.31-13+deb11u11) release release version 2.31.')),
    refusal(libc.path, /is glibc 2\.31/),
  )
  assert.throws(() => glibcVersion({ ...libc, bytes: Buffer.from('musl') }), refusal(libc.path, /does not tell/))
})

test('the adapted loader takes no library from where Debian has them, and none that a base wants preloaded', async (t) => {
  const directory = temporaryDirectory(t)
  const loader = join(directory, 'loader')
  const { path, bytes } = load(join(libraryDirectory, machine.loader))
  writeFileSync(loader, editTexts(path, bytes, loaderEdits(machine)), { mode: 0o755 })
  const plain = await tryRun(path, ['--list', '/usr/bin/env'])
  assert.match(plain.stdout, /libc\.so\.6 => \/lib/)
  const own = await tryRun(loader, ['--list', '/usr/bin/env'])
  assert.match(own.stdout + own.stderr, /libc\.so\.6: cannot open shared object file/)
})
