import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineCutter, longestLine } from '../../../src/run/lines.ts'

/** The lines of some output that comes in these pieces. */
function linesOf(...pieces: readonly (string | Buffer)[]): readonly string[] {
  const lines: string[] = []
  const cutter = new LineCutter((line) => lines.push(line))
  for (const piece of pieces) cutter.write(Buffer.from(piece))
  cutter.end()
  return lines
}

test('lines end at a line feed, and the last one needs none', () => {
  assert.deepEqual(linesOf('one\ntwo\n\nthree'), ['one', 'two', '', 'three'])
  assert.deepEqual(linesOf('one\n'), ['one'])
  assert.deepEqual(linesOf(), [])
})

test('a line is handed on as soon as its end is there', () => {
  const lines: string[] = []
  const cutter = new LineCutter((line) => lines.push(line))
  cutter.write(Buffer.from('on'))
  assert.deepEqual(lines, [])
  cutter.write(Buffer.from('e\ntw'))
  assert.deepEqual(lines, ['one'])
  cutter.write(Buffer.from('o\r'))
  assert.deepEqual(lines, ['one', 'two'])
})

test('a carriage return ends a line, with a line feed after it as well', () => {
  assert.deepEqual(linesOf('one\r\ntwo\r\n'), ['one', 'two'])
  assert.deepEqual(linesOf('one\r', '\ntwo\r', '\n\n'), ['one', 'two', ''])
  assert.deepEqual(linesOf('\r 10 %\r 20 %\r\rdone\n'), [' 10 %', ' 20 %', 'done'])
  assert.deepEqual(linesOf('one\r\n\r\ntwo\r\n'), ['one', '', 'two'])
})

test('a character in two pieces stays whole, and what is no UTF-8 is replaced', () => {
  const bytes = Buffer.from('ä→😀')
  assert.deepEqual(linesOf(...Array.from(bytes, (byte) => Buffer.of(byte))), ['ä→😀'])
  assert.deepEqual(linesOf(Buffer.of(0x61, 0xff, 0x62, 0x0a, 0xe2, 0x86)), ['a\ufffdb', '\ufffd'])
})

test('a long line comes in pieces, none of which cuts a character', () => {
  const long = 'x'.repeat(2 * longestLine + 3)
  assert.deepEqual(
    linesOf(`${long}\nshort\n`).map((line) => line.length),
    [longestLine, longestLine, 3, 5],
  )
  const smiles = `x${'😀'.repeat(longestLine)}`
  const pieces = linesOf(smiles)
  assert.equal(pieces.join(''), smiles)
  for (const piece of pieces) assert.ok(piece.length <= longestLine && !/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(piece))
})

test('a long line is not kept until it ends', () => {
  const lines: string[] = []
  const cutter = new LineCutter((line) => lines.push(line))
  for (let i = 0; i < 100; i += 1) cutter.write(Buffer.alloc(longestLine, 'x'))
  assert.ok(lines.length >= 99)
})

test('the lines are the same however the output is cut', () => {
  const part = fc.constantFrom('a', 'ä', '😀', '\n', '\r', '\r\n', ' ')
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.nat(40)), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(''))
      const places = [0, ...cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b), bytes.length]
      const pieces = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
      assert.deepEqual(linesOf(...pieces), linesOf(bytes))
    }),
  )
})
