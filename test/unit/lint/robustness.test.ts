import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HearthError } from '../../../src/errors.ts'
import { findingsIn } from './linting.ts'

const line = fc.constantFrom(
  ...[
    'FROM a',
    'from b:$T as X',
    'FROM x',
    'FROM scratch AS s',
    'FROM s',
    'FROM --platform=$Y a',
    'ARG T=1',
    'ARG Y=$T',
  ],
  ...['ENV A=$B', 'ENV A b', 'ENV $X=1', `LABEL \${Z:-$Q}=x`, 'COPY . $D', 'COPY --from=s a b', 'COPY <<E /x\n$In\nE'],
  ...['RUN apt-get update', 'RUN npm ci', 'RUN a \\\n\n b', 'WORKDIR a$B', 'EXPOSE 80:$P/TCP', 'EXPOSE a', 'VOLUME $V'],
  ...[`USER \${U:?none}`, 'CMD x', 'ENTRYPOINT ["a"]', 'SHELL ["s"]', 'ONBUILD RUN x', 'MAINTAINER me', '# words', ''],
  ...['# check=experimental=all', 'ENV E=${', 'STOPSIGNAL nope', 'HEALTHCHECK NONE', 'ADD https://x.invalid/a /'],
)

test('whatever parses can be linted, and every finding lies in its line', () => {
  const files = fc.array(line, { maxLength: 12 }).map((lines) => `FROM a:1\n${lines.join('\n')}`)
  fc.assert(
    fc.property(files, fc.constantFrom('', 'a\n', '*\n!b'), (text, ignore) => {
      for (const { line: at, column, length, source, message } of linted(text, ignore)) {
        assert.equal(source, text.split('\n')[at - 1])
        assert.ok(column >= 1 && length >= 1 && column - 1 + length <= Math.max(1, [...source].length), source)
        assert.notEqual(message, '')
      }
    }),
    { numRuns: 1500 },
  )
})

function linted(text: string, ignore: string): ReturnType<typeof findingsIn> {
  try {
    return findingsIn(text, { ignore })
  } catch (error) {
    assert.ok(error instanceof HearthError, String(error))
    assert.match(error.code, /^dockerfile-/)
    return []
  }
}
