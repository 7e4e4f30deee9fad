import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Dockerfile } from '../../../src/dockerfile/dockerfile.ts'
import { HearthError } from '../../../src/errors.ts'
import { imageCases } from '../../differential/cases.ts'
import { propertyRuns } from '../../support/property-runs.ts'
import { print } from './print.ts'
import { parse } from './read.ts'

const testDirectory = join(import.meta.dirname, '../..')

const dockerfiles = [
  ...imageCases.map(({ dockerfile }) => dockerfile),
  ...globSync('golden/**/Dockerfile', { cwd: testDirectory }).map((path) =>
    readFileSync(join(testDirectory, path), 'utf8'),
  ),
]

test('every Dockerfile of the tests is the same when it is printed and read again', () => {
  let count = 0
  for (const text of dockerfiles) count += checked(text) ? 1 : 0
  assert.ok(count > 350, `${count} of ${dockerfiles.length} can be read`)
})

const word = fc.constantFrom('a', 'b.c', '/d/e/', '$A', '"q r"', "'s'", '\\$t', '[', '80', 'x=y', '-f', '#', '&&')
const words = (least: number) => fc.array(word, { minLength: least, maxLength: 4 }).map((parts) => parts.join(' '))
const json = fc
  .array(fc.constantFrom('a', 'b c', '$D', '"', '\\', ''), { minLength: 1, maxLength: 3 })
  .map((argv) => JSON.stringify(argv))
const pair = fc
  .tuple(fc.constantFrom('A', 'B_2', '$C'), fc.constantFrom('', 'v', '"v w"', '$A', 'x=y', '\\ z'))
  .map((both) => both.join('='))
const pairs = fc.array(pair, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(' '))
const fileFlags = fc.subarray(['--chown=1:2', '--chmod=u+x', '--link']).map((flags) => flags.join(' '))
const times = fc.subarray([
  '--interval=5s',
  '--timeout=1m30s',
  '--start-period=1h',
  '--start-interval=2ms',
  '--retries=3',
])
const body = fc.array(fc.constantFrom('text\n', '\ttab\n', '\n', '# c\n', 'RUN x \\\n', '$A\n'), { maxLength: 3 })
const heredoc = fc.tuple(fc.constantFrom('<<E', '<<-E', '<<"E"', "<<-'E'"), body)
const command = fc.oneof(words(1), json)
const line = fc.oneof(
  command.map((text) => `RUN ${text}`),
  heredoc.map(([mark, lines]) => `RUN ${mark}\n${lines.join('')}E`),
  heredoc.map(([mark, lines]) => `RUN cat ${mark} > /f\n${lines.join('')}E`),
  fc.tuple(fileFlags, words(2)).map(([flags, text]) => `COPY ${flags} ${text}`),
  fc.tuple(fileFlags, heredoc).map(([flags, [mark, lines]]) => `ADD ${flags} ${mark} x /d/\n${lines.join('')}E`),
  fc.tuple(fc.constantFrom('CMD', 'ENTRYPOINT'), command).map((parts) => parts.join(' ')),
  fc.tuple(fc.constantFrom('ENV', 'LABEL', 'ARG'), pairs).map((parts) => parts.join(' ')),
  fc.tuple(fc.constantFrom('ENV', 'LABEL'), words(1)).map(([kind, text]) => `${kind} NAME ${text}`),
  fc
    .tuple(fc.constantFrom('WORKDIR', 'USER', 'STOPSIGNAL', 'MAINTAINER', 'EXPOSE', 'VOLUME'), words(1))
    .map((parts) => parts.join(' ')),
  json.map((text) => `SHELL ${text}`),
  fc.tuple(times, command).map(([flags, text]) => `HEALTHCHECK ${flags.join(' ')} CMD ${text}`),
  fc.tuple(fc.constantFrom('RUN', 'COPY', 'CMD'), words(2)).map(([kind, text]) => `ONBUILD ${kind} ${text}`),
  fc.constantFrom('FROM b AS c', 'FROM --platform=$P $A', 'HEALTHCHECK NONE', '# comment', 'RUN a \\\n  # c\n  b'),
)

test('random Dockerfiles are the same when they are printed and read again', (t) => {
  const text = fc.array(line, { maxLength: 6 }).map((lines) => `FROM a\n${lines.join('\n')}\n`)
  let count = 0
  const runs = propertyRuns(t, 2000)
  fc.assert(
    fc.property(text, (dockerfile) => {
      count += checked(dockerfile) ? 1 : 0
    }),
    runs,
  )
  assert.ok(count > runs.numRuns / 3, `${count} could be read`)
})

/** Whether a text can be read at all; what is read must come back. */
function checked(text: string): boolean {
  let first: Dockerfile
  try {
    first = parse(text)
  } catch (error) {
    if (error instanceof HearthError) return false
    throw error
  }
  const printed = print(first)
  assert.deepEqual(meaning(parse(printed)), meaning(first), `${text}\n--- printed ---\n${printed}`)
  return true
}

/** All that was read but where it stands. */
function meaning({ escape: escapeCharacter, metaArgs, stages }: Dockerfile): unknown {
  const places = ['line', 'endLine', 'text', 'chomp']
  return JSON.parse(
    JSON.stringify({ escapeCharacter, metaArgs, stages }, (key, value) => (places.includes(key) ? undefined : value)),
  )
}
