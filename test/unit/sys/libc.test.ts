import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemCode } from '../../../src/errors.ts'
import { bind, checked, cPath, errno, SystemError } from '../../../src/sys/libc.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const access = bind<[path: Uint8Array, mode: number]>('int access(const void *path, int mode)')
const readlink = bind<[path: Uint8Array, target: Uint8Array, size: number]>(
  'int64 readlink(const void *path, void *target, size_t size)',
)

test('a function of the C library is called with bytes and numbers', (t) => {
  const path = join(temporaryDirectory(t), 'file')
  assert.equal(access(cPath(path), 0), -1)
  assert.equal(errno(), 2)
  writeFileSync(path, '')
  assert.equal(access(cPath(path), 0), 0)
})

test('a function writes into the bytes it is given', () => {
  const target = Buffer.alloc(100)
  const size = readlink(cPath('/proc/self/exe'), target, target.byteLength)
  assert.equal(target.toString('utf8', 0, size), process.execPath)
})

test('a failed call becomes an error with the code that Node would give it', () => {
  assert.throws(
    () => checked('access', access(cPath('/none/at/all'), 0), '/none/at/all'),
    (error) => {
      assert.ok(error instanceof SystemError)
      assert.deepEqual([error.code, error.errno, error.syscall], ['ENOENT', 2, 'access'])
      assert.equal(systemCode(error), 'ENOENT')
      assert.match(error.message, /^ENOENT: access failed for \/none\/at\/all$/)
      return true
    },
  )
  assert.equal(checked('access', access(cPath('/'), 0)), 0)
})

test('an unknown error number is told as a number', () => {
  assert.equal(new SystemError('call', 4095).code, 'E4095')
})

test('a path with a NUL is refused, since C would cut it there', () => {
  assert.throws(() => cPath('a\0b'), TypeError)
  assert.deepEqual(cPath(Buffer.from([0xff])), Buffer.from([0xff, 0]))
})

test('a function the library does not have is an error at its first call', () => {
  const missing = bind<[]>('int hearth_has_no_such_function(void)')
  assert.throws(() => missing(), /hearth_has_no_such_function/)
})
