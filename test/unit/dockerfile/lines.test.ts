import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorOf, onlyInstruction, parse, said } from './read.ts'

const joined: readonly { readonly what: string; readonly text: string; readonly run: string }[] = [
  { what: 'a continued line keeps its indentation', text: 'RUN a \\\n    b', run: 'a     b' },
  { what: 'blanks behind the escape character do not matter', text: 'RUN a \\ \t\n  b', run: 'a   b' },
  { what: 'an escaped escape character continues nothing', text: 'RUN a \\\\', run: 'a \\\\' },
  { what: 'comments between continued lines are dropped', text: 'RUN a \\\n# one\n   # two\n b', run: 'a  b' },
  { what: 'a number sign inside a line is no comment', text: 'RUN a # b', run: 'a # b' },
  { what: 'blank lines between continued lines are dropped', text: 'RUN a \\\n\n  \nb', run: 'a b' },
  { what: 'the last line may end with an escape character', text: 'RUN a \\', run: 'a' },
  { what: 'a comment after a continued line ends nothing', text: 'RUN a \\\n# end', run: 'a' },
  { what: 'a keyword may be continued', text: 'R\\\nUN a', run: 'a' },
  { what: 'an instruction may start on the second line', text: '\\\nRUN a', run: 'a' },
  { what: 'keywords do not depend on case', text: 'rUn a', run: 'a' },
  { what: 'an instruction may be indented', text: ' \t RUN a', run: 'a' },
  { what: 'carriage returns go', text: 'RUN a \\\r\n b\r\n', run: 'a  b' },
  { what: 'tabs separate a keyword', text: 'RUN\ta', run: 'a' },
]

for (const { what, text, run } of joined) {
  test(what, () => {
    const found = onlyInstruction(`FROM base\n${text}`)
    assert.equal(found.kind, 'RUN')
    assert.equal('command' in found && found.command, run)
  })
}

test('instructions know their lines and are one line for messages', () => {
  const { stages } = parse(
    '\uFEFF# a comment\n\nFROM base\n\nRUN a \\\n  # no\n  b\nCOPY <<A <<B /x\n1\nA\n2\nB\n  USER me  \n',
  )
  const [stage] = stages
  assert.deepEqual(
    [stage?.from, ...(stage?.instructions ?? [])].map((found) => [found?.line, found?.endLine, found?.text]),
    [
      [3, 3, 'FROM base'],
      [5, 7, 'RUN a   b'],
      [8, 12, 'COPY <<A <<B /x'],
      [13, 13, 'USER me'],
    ],
  )
})

test('blank lines inside an instruction are kept in mind, by the last of its lines', () => {
  const { emptyContinuations } = parse('FROM base\nRUN a \\\n\n  b <<E\nx\nE\nRUN c \\\n# comment\n  d\n')
  assert.deepEqual(emptyContinuations, [{ line: 4, endLine: 4, text: 'RUN a   b <<E' }])
})

test('the check directive says which checks count', () => {
  const { checks } = parse('# check = skip=A, B ;error=T; experimental=all\nFROM base')
  assert.deepEqual(checks, { skip: ['A', 'B'], error: true, experimental: 'all' })
  assert.deepEqual(parse('#check=skip=all\nFROM base').checks, { skip: 'all', error: false, experimental: [] })
  assert.deepEqual(parse('FROM base').checks, { skip: [], error: false, experimental: [] })
})

test('the lines are kept as they are, without their ends', () => {
  assert.deepEqual(parse('\uFEFF# a\r\nFROM b \n').lines, ['# a', 'FROM b '])
})

test('the escape directive changes what continues a line', () => {
  const { stages, escape: escapeCharacter } = parse('# escape=`\nFROM base\nRUN a `\n  b \\\nUSER c`\n')
  assert.equal(escapeCharacter, '`')
  assert.deepEqual(
    stages[0]?.instructions.map(({ text }) => text),
    ['RUN a   b \\', 'USER c'],
  )
})

const escapes: readonly (readonly [what: string, top: string, escapeCharacter: string])[] = [
  ['written in any case and with blanks', '  #  ESCAPE =  `  \n', '`'],
  ['below another directive', '# syntax=docker/dockerfile:1\n# escape=`\n', '`'],
  ['below a byte order mark', '\uFEFF# escape=`\n', '`'],
  ['with a line end of Windows', '# escape=`\r\n', '`'],
  ['below a comment', '# hello\n# escape=`\n', '\\'],
  ['below an unknown directive', '# colour=red\n# escape=`\n', '\\'],
  ['below a blank line', '\n# escape=`\n', '\\'],
  ['below an instruction', 'ARG A\n# escape=`\n', '\\'],
  ['below a shebang', '#!/usr/bin/docker build\n# escape=`\n', '\\'],
  ['that says the default', '# escape=\\\n', '\\'],
]

for (const [what, top, escapeCharacter] of escapes) {
  test(`an escape directive ${what} makes it ${escapeCharacter}`, () => {
    assert.equal(parse(`${top}FROM base\n`).escape, escapeCharacter)
  })
}

for (const syntax of [
  'docker/dockerfile',
  'docker/dockerfile:1',
  'docker/dockerfile:1.7-labs',
  'docker.io/docker/dockerfile:1@sha256:abc',
  'docker/dockerfile-upstream:master',
  'docker/dockerfile:1 with words behind',
]) {
  test(`the syntax ${syntax} is the one we read`, () =>
    assert.equal(parse(`#syntax=${syntax}\nFROM a`).stages.length, 1))
}

const refused: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  [
    'another front end',
    '# syntax=example.com/mine:2\nFROM a',
    /^dockerfile-unsupported \| Dockerfile:1: .*example\.com\/mine:2/,
  ],
  ['a front end below a shebang', '#!/x\n# syntax=tool\nFROM a', /^dockerfile-unsupported \| Dockerfile:2: /],
  ['a name that only begins alike', '# syntax=docker/dockerfiles\nFROM a', /^dockerfile-unsupported/],
  ['a wrong escape character', '# escape=x\nFROM a', /Dockerfile:1: # escape=x \| "x" cannot be the escape character/],
  ['two of one directive', '# escape=`\n# escape=`\nFROM a', /Dockerfile:2: .*only one/],
  ['an unknown check option', '# check=hope=true\nFROM a', /Dockerfile:1: .*hope=true/],
  ['a check that is neither true nor false', '# check=error=maybe\nFROM a', /maybe/],
  ['a NUL character', 'FROM a\nRUN \0', /Dockerfile:2 \| it holds a NUL/],
  ['an empty file', '', /Dockerfile \| the Dockerfile is empty.*FROM/],
  ['a file of comments', '# a\n\n  # b\n', /the Dockerfile is empty/],
  ['a file without a stage', 'ARG A=1\n', /has no stage.*FROM/],
  ['an instruction above FROM', 'ARG A\nENV A=1\nFROM a', /Dockerfile:2: ENV A=1 \| ENV stands above the first FROM/],
  [
    'an unknown instruction',
    'FROM a\n\nCOPPY a b',
    /Dockerfile:3: COPPY a b \| unknown instruction COPPY \| Did you mean COPY\?/,
  ],
  ['an instruction like no other', 'FROM a\nFLOCCINAUCINIHIL a', /unknown instruction FLOCCINAUCINIHIL$/],
  ['a keyword that is a JavaScript word', 'FROM a\nconstructor a', /unknown instruction constructor/],
  ['a lone escape character', 'FROM a\n\\\n\n', /Dockerfile:2: .*an instruction is missing/],
]

for (const [what, text, says] of refused) {
  test(`${what} is refused, with its line`, () => {
    const error = errorOf(() => parse(text))
    assert.match(error.code, /^dockerfile-(?:syntax|unsupported)$/)
    assert.match(said(error), says)
  })
}
