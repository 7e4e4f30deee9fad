import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorOf, instruction, parse, said } from './read.ts'

interface Marked {
  readonly line: string
  readonly body: readonly string[]
  readonly name: string
  readonly expand?: boolean
  readonly content?: string
}

const marks: readonly Marked[] = [
  { line: 'RUN cat <<EOF', body: ['a', 'EOF'], name: 'EOF' },
  { line: 'RUN cat 3<<EOF /dev/fd/3', body: ['a', 'EOF'], name: 'EOF' },
  { line: 'RUN cat << EOF > x', body: ['a', 'EOF'], name: 'EOF' },
  { line: "RUN cat << 'EOF' > x", body: ['a', 'EOF'], name: 'EOF', expand: false },
  { line: 'RUN cat << -EOF', body: ['a', '-EOF'], name: '-EOF' },
  { line: "RUN cat <<'EOF'", body: ['a', 'EOF'], name: 'EOF', expand: false },
  { line: 'RUN cat <<"EOF"', body: ['a', 'EOF'], name: 'EOF', expand: false },
  { line: "RUN cat <<eo'f'", body: ['a', 'eof'], name: 'eof', expand: false },
  { line: "RUN cat <<eo\\'f", body: ['a', "eo'f"], name: "eo'f" },
  { line: "RUN cat <<'e'o\\'f", body: ['a', "eo'f"], name: "eo'f", expand: false },
  { line: "RUN cat <<'one two'", body: ['a', 'one two'], name: 'one two', expand: false },
  { line: 'RUN cat <<$EOF', body: ['a', '$EOF'], name: '$EOF' },
  { line: 'RUN cat <<file.txt', body: ['a', 'file.txt'], name: 'file.txt' },
  { line: 'RUN cat <<COPY', body: ['RUN x', 'COPY a b', 'COPY'], name: 'COPY', content: 'RUN x\nCOPY a b\n' },
  { line: 'RUN cat <<EOF', body: ['# kept', '', 'a \\', 'EOF'], name: 'EOF', content: '# kept\n\na \\\n' },
  { line: 'RUN cat <<EOF', body: [' EOF', 'EOF ', 'EOF'], name: 'EOF', content: ' EOF\nEOF \n' },
  { line: 'RUN cat <<-EOF', body: ['\t\ta\tb', ' \tc', '\tEOF'], name: 'EOF', content: 'a\tb\n \tc\n' },
  { line: 'RUN cat <<- EOF', body: ['\ta', 'EOF'], name: 'EOF' },
  { line: 'RUN cat <<EOF \\\n  > x', body: ['a', 'EOF'], name: 'EOF' },
  { line: 'RUN cat <<EOF', body: ['EOF'], name: 'EOF', content: '' },
  { line: 'RUN cat <<EOF', body: ['a\r', 'EOF\r'], name: 'EOF', content: 'a\r\n' },
]

for (const { line, body, name, expand = true, content = 'a\n' } of marks) {
  test(`${JSON.stringify(line)} has a heredoc called ${name}`, () => {
    const { stages } = parse(`FROM base\n${line}\n${body.join('\n')}\nUSER last\n`)
    const [run, user, ...others] = stages[0]?.instructions ?? []
    assert.ok(run?.kind === 'RUN')
    const chomp = line.includes('<<-')
    assert.deepEqual(run.heredocs, [{ name, body: content, expand, chomp }])
    assert.equal(user?.kind, 'USER')
    assert.deepEqual(others, [])
  })
}

for (const line of [
  'RUN "<<EOF"',
  "RUN '<<EOF'",
  'RUN cat<<EOF',
  'RUN ["<<EOF"]',
  'RUN cat <<<EOF',
  'RUN cat <<< "here string"',
  'RUN a <<',
  'RUN echo $((1<<2))',
  "RUN it's <<EOF",
  'USER <<EOF',
  'ENV A=<<EOF',
  'CMD <<EOF',
  'COPY ["<<EOF", "/x"]',
]) {
  test(`${line} has no heredoc`, () => {
    const { stages } = parse(`FROM base\n${line}\nUSER last\n`)
    assert.equal(stages[0]?.instructions.length, 2)
  })
}

test('a lone heredoc is the command itself', () => {
  const run = (line: string, body: string): unknown => instruction(`RUN ${line}\n${body}`).command
  assert.equal(run('<<EOF', 'a\nb\nEOF'), 'a\nb\n')
  assert.equal(run("<<-'EOF'", '\ta\n\tEOF'), 'a\n')
  assert.equal(run('3<< EOF', 'a\nEOF'), 'a\n')
})

test('a command with heredocs gets them below, as they are written', () => {
  const run = instruction('RUN <<A cat - <<-"B" \\\n  > x\n1\nA\n\t2\n\tB')
  assert.equal(run.form, 'shell')
  assert.equal(run.command, '<<A cat - <<-"B"   > x\n1\nA\n\t2\nB')
})

test('a lone heredoc with a shebang is a script', () => {
  const script = instruction('RUN <<-EOF\n\t#!/usr/bin/env python3\n\tprint()\nEOF')
  assert.equal(script.form, 'script')
  assert.deepEqual([script.name, script.body], ['EOF', '#!/usr/bin/env python3\nprint()\n'])
  assert.equal(instruction('RUN <<EOF cat\n#!/bin/sh\nEOF').form, 'shell')
})

test('COPY and ADD take heredocs as sources, among others', () => {
  const { sources, heredocs, destination } = instruction("COPY --chown=a <<A x <<'b c' y <<  D /z/\n1\nA\n2\nb c\n3\nD")
  assert.deepEqual(sources, ['x', 'y'])
  assert.deepEqual(heredocs, [
    { name: 'A', body: '1\n', expand: true, chomp: false },
    { name: 'b c', body: '2\n', expand: false, chomp: false },
    { name: 'D', body: '3\n', expand: true, chomp: false },
  ])
  assert.equal(destination, '/z/')
  const add = instruction('ADD <<Y <<X /dest\nX\nY\nY\nX')
  assert.deepEqual(add.heredocs, [
    { name: 'Y', body: 'X\n', expand: true, chomp: false },
    { name: 'X', body: 'Y\n', expand: true, chomp: false },
  ])
  assert.deepEqual(add.sources, [])
})

test('a heredoc cannot be a destination', () => {
  assert.match(
    said(errorOf(() => instruction('COPY /a <<EOF\nEOF'))),
    /Dockerfile:2: .*destination of COPY cannot be a heredoc/,
  )
})

test('a heredoc without its end names the line it starts on', () => {
  const error = errorOf(() => parse('FROM a\nUSER b\nRUN <<EOF\n EOF\nEOF2\n'))
  assert.match(said(error), /^dockerfile-syntax \| Dockerfile:3: RUN <<EOF \| the heredoc <<EOF never ends/)
  assert.match(said(errorOf(() => parse('FROM a\nCOPY <<A <<B /x\nA\n'))), /<<B never ends/)
})

test('ONBUILD keeps the heredocs of its trigger', () => {
  const onbuild = instruction('ONBUILD COPY <<-"EOF" \\\n /x\n\ta\n\tEOF')
  assert.equal(onbuild.trigger, 'COPY <<-"EOF"  /x\n\ta\nEOF')
})
