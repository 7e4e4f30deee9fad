import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { devices, makeDevice } from '../../../src/run/devices.ts'
import { guardDevices } from '../../../src/run/repair-devices.ts'
import { run } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'

test('devices that were removed or replaced are made again, and those that were never there are not', (t) => {
  const directory = temporaryDirectory(t)
  const at = (name: string): string => join(directory, name)
  for (const device of devices) if (device !== 'tty') makeDevice(at(device), device)
  const repair = guardDevices(directory)
  assert.deepEqual(repair(), [])
  const before = ['null', 'zero', 'full', 'random'].map((name) => lstatSync(at(name)))
  rmSync(at('null'))
  writeFileSync(at('null'), 'no device')
  rmSync(at('zero'))
  mkdirSync(join(at('zero'), 'deep'), { recursive: true })
  rmSync(at('full'))
  symlinkSync('null', at('full'))
  renameSync(at('urandom'), at('random'))
  assert.deepEqual(repair(), ['null', 'zero', 'full', 'random', 'urandom'].map(at))
  const after = ['null', 'zero', 'full', 'random'].map((name) => lstatSync(at(name)))
  assert.deepEqual(
    after.map(({ mode, rdev }) => [mode, rdev]),
    before.map(({ mode, rdev }) => [mode, rdev]),
  )
  assert.deepEqual([repair(), lstatSync(at('tty'), { throwIfNoEntry: false })], [[], undefined])
})

test('a device that may not be made again is an error that names it', async (t) => {
  const directory = temporaryDirectory(t)
  makeDevice(join(directory, 'null'), 'null')
  const script = `
    import { rmSync } from 'node:fs'
    import { guardDevices } from '${import.meta.dirname}/../../../src/run/repair-devices.ts'
    const repair = guardDevices(process.argv[1])
    rmSync(process.argv[1] + '/null')
    try { repair() } catch ({ code, message, fix }) { console.log(code, message, fix) }`
  const node = [process.execPath, '--input-type=module', '-e', script, directory]
  const said = await run('setpriv', ['--bounding-set', '-mknod', ...node])
  assert.match(said, /^run-unavailable The command has taken away \/.*\/null, .* MKNOD/)
})
