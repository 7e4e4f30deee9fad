import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileGlob, hasWildcard } from '../../../src/dockerfile/glob.ts'
import { errorOf } from './read.ts'

const globs: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*', '', true],
  ['*', '.hidden', true],
  ['**', 'abc', true],
  ['*c', 'abc', true],
  ['a*', 'a', true],
  ['a*', 'ab/c', false],
  ['a*b*c*d*e*', 'axbxcxdxexxx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['[!a]', '!', true],
  ['[!a]', 'b', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  ['a?b', 'a☺b', true],
  ['a[^a]b', 'a😀b', true],
  ['a???b', 'a☺b', false],
  ['[a-ζ]*', 'α', true],
  ['*[a-ζ]', 'A', false],
  ['a?b', 'a/b', false],
  ['[\\]a]', ']', true],
  ['[\\-x]', '-', true],
  ['[x\\-]', 'z', false],
  ['[z-a]', 'm', false],
  ['*x', 'xxx', true],
  ['{a,b}', 'a', false],
  ['{a,b}', '{a,b}', true],
  ['a]', 'a]', true],
  ['a(b)+.$', 'a(b)+.$', true],
]

for (const [pattern, name, matches] of globs) {
  test(`${pattern} ${matches ? 'matches' : 'does not match'} ${name}`, () => {
    assert.equal(compileGlob(pattern)(name), matches)
  })
}

for (const pattern of [
  '[]a]',
  '[-]',
  '[x-]',
  '[-x]',
  '\\',
  'a\\',
  '[a-b-c]',
  '[',
  '[^',
  '[^bc',
  'a[',
  '[a',
  '[a-',
  '[\\',
]) {
  test(`${pattern} is malformed`, () => assert.equal(errorOf(() => compileGlob(pattern)).code, 'copy-source'))
}

test('a backslash takes the meaning of a wildcard', () => {
  for (const text of ['a*', '?', 'a[b', 'a\\\\*']) assert.ok(hasWildcard(text), text)
  for (const text of ['', 'a', 'a\\*', '\\?\\[', 'a]', 'a\\', '{a,b}']) assert.ok(!hasWildcard(text), text)
})

test('many stars stay quick', () => {
  assert.equal(compileGlob(`${'*a'.repeat(100)}b`)('a'.repeat(5000)), false)
})
