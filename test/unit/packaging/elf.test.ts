import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseElf } from '../../../src/packaging/elf.ts'
import { run } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { compile, libraryDirectory, load, ownMachine, refusal } from './programs.ts'

const machine = ownMachine()

test('programs and libraries are read as readelf reads them', async () => {
  const paths = [process.execPath, '/bin/busybox', '/usr/bin/env']
  paths.push(
    ...['libstdc++.so.6', 'libgcc_s.so.1', 'libc.so.6', machine.loader].map((name) => join(libraryDirectory, name)),
  )
  for (const path of paths) {
    const text = await run('readelf', ['--wide', '--dynamic', '--program-headers', path])
    const all = (pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '')
    const { elf } = load(path)
    assert.equal(elf.machine, machine.elf)
    assert.deepEqual(elf.needed, all(/\(NEEDED\).*\[(.*)\]/g), path)
    assert.deepEqual([elf.soname], [all(/\(SONAME\).*\[(.*)\]/g)[0]], path)
    assert.deepEqual([elf.interpreter?.path], [all(/program interpreter: (.*)\]/g)[0]], path)
    assert.deepEqual(elf.searchPath, [])
  }
})

test('search paths of both kinds are seen', async (t) => {
  const directory = temporaryDirectory(t)
  const old = await compile(directory, 'libold.so', { flags: ['-Wl,--disable-new-dtags,-rpath,/a:/b'] })
  const recent = await compile(directory, 'libnew.so', { flags: ['-Wl,--enable-new-dtags,-rpath,$ORIGIN'] })
  assert.deepEqual([old.elf.searchPath, recent.elf.searchPath], [['/a', '/b'], ['$ORIGIN']])
})

test('what is no 64-bit program is none, and what is cut off is refused by name', () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('#!/bin/sh\n'),
    Buffer.alloc(100),
    Buffer.from('\x7fELF\x01\x01'.padEnd(80)),
  ]) {
    assert.equal(parseElf(bytes), undefined)
  }
  const { bytes } = load(join(libraryDirectory, 'libm.so.6'))
  for (const length of [64, 100, 500, 1000]) assert.throws(() => parseElf(bytes.subarray(0, length)), RangeError)
  assert.throws(() => load('/etc/passwd'), refusal('/etc/passwd', /no 64-bit program/))
})
