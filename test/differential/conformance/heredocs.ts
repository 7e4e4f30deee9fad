import type { ImageCase } from '../case.ts'

/** buildah 1.28 reads the lines of a heredoc as instructions: what must come of it is BuildKit's rule. */
function heredoc(name: string, rest: Omit<ImageCase, 'name'> & { readonly rule: string }): ImageCase {
  return { name: `heredoc-${name}`, ...rest }
}

export const heredocCases: readonly ImageCase[] = [
  heredoc('run', {
    pins: 'a lone heredoc is what the shell runs',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN <<EOF\necho one > /f\necho "$HOME" >> /f\nEOF\n',
    rule: 'RUN <<EOF hands its body to the shell',
    expect: { files: { f: 'one\n/root\n' } },
  }),
  heredoc('run-quoted', {
    pins: 'the body of a RUN reaches the shell as it is, quoted or not',
    dockerfile: `ARG BASE\nFROM $BASE\nENV A=1\nRUN <<'EOF'\nA=2\necho $A \\$A > /f\nEOF\n`,
    rule: 'RUN expands no variables: the shell does',
    expect: { files: { f: '2 $A\n' } },
  }),
  heredoc('run-shebang', {
    pins: 'a body that starts with #! is a program of its own',
    dockerfile:
      'ARG BASE\nFROM $BASE\nRUN <<EOF\n#!/bin/awk BEGIN{print"awk">"/f"}\nEOF\nRUN <<X\n#!/bin/sh -e\nprintf "%s" "$0" > /name\nX\n',
    rule: 'RUN <<EOF with #! is executed, without the shell in front',
    expect: { files: { name: '/dev/pipes/X' } },
  }),
  heredoc('run-input', {
    pins: 'a heredoc behind a command is its input',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN cat <<EOF > /f\nsome text\nEOF\nRUN cat /f - <<EOF > /g\nmore\nEOF\n',
    rule: 'RUN command <<EOF leaves the heredoc to the shell',
    expect: { files: { f: 'some text\n', g: 'some text\nmore\n' } },
  }),
  heredoc('run-several', {
    pins: 'one RUN has several heredocs',
    dockerfile:
      'ARG BASE\nFROM $BASE\nRUN cat <<ONE > /one && cat <<TWO > /two\nfirst\nONE\nsecond\nTWO\nRUN echo three > /three\n',
    rule: 'the bodies follow each other in the order of their marks',
    expect: { files: { one: 'first\n', two: 'second\n', three: 'three\n' } },
  }),
  heredoc('run-descriptor', {
    pins: 'a heredoc may be for another descriptor',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN cat 3<<EOF <&3 > /f\nthree\nEOF\n',
    rule: 'a number before << is a part of the mark',
    expect: { files: { f: 'three\n' } },
  }),
  heredoc('run-tabs', {
    pins: '<<- takes the tabs at the start of lines away',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN <<-EOF\n\t\tprintf "%s\\n" "a\n\tb" > /f\n\tEOF\n',
    rule: '<<- chomps leading tabs of body and terminator',
    expect: { files: { f: 'a\nb\n' } },
  }),
  heredoc('run-shell', {
    pins: 'the SHELL in force runs a heredoc',
    dockerfile: 'ARG BASE\nFROM $BASE\nSHELL ["/bin/sh", "-ec"]\nRUN <<EOF\ntrue\necho "$-" | tr -dc e > /f\nEOF\n',
    rule: 'RUN <<EOF uses SHELL',
    expect: { files: { f: 'e' } },
  }),
  heredoc('copy', {
    pins: 'COPY of a heredoc is a file with its body, mode 644, of root',
    dockerfile: 'FROM scratch\nCOPY <<EOF /f\none\n  two\n\nEOF\n',
    rule: 'COPY <<EOF makes a file',
    expect: { files: { f: { type: 'file', text: 'one\n  two\n\n', mode: '644', owner: '0:0' } } },
  }),
  heredoc('copy-directory', {
    pins: "a heredoc copied into a directory is a file of the heredoc's name",
    dockerfile: 'FROM scratch\nCOPY <<robots.txt /web/\nhello\nrobots.txt\n',
    rule: 'the name of the heredoc is the name of its file',
    expect: { files: { 'web/robots.txt': 'hello\n' } },
  }),
  heredoc('copy-several', {
    pins: 'several heredocs, and files among them, go to one directory',
    dockerfile: 'FROM scratch\nCOPY <<one file <<two /d/\n1\none\n2\ntwo\n',
    files: { file: 'from the context\n' },
    rule: 'COPY takes several heredocs',
    expect: { files: { 'd/one': '1\n', 'd/two': '2\n', 'd/file': 'from the context\n' } },
  }),
  heredoc('copy-expansion', {
    pins: 'variables in the body of a COPY are expanded',
    dockerfile: `FROM scratch\nARG A=arg\nENV E=env\nCOPY <<EOF /f\n$A \${E} \${U:-default} "$A" \\$A '$E'\nEOF\n`,
    rule: 'an unquoted heredoc of COPY expands ARG and ENV, and keeps quotes',
    expect: { files: { f: `arg env default "arg" $A 'env'\n` } },
  }),
  heredoc('copy-quoted', {
    pins: 'a quoted mark keeps the body as it is',
    dockerfile: `FROM scratch\nENV A=1\nCOPY <<"EOF" /f\n$A \${A} \\$A\nEOF\nCOPY <<'X Y' /g\n$A\nX Y\n`,
    rule: 'a quoted heredoc is not expanded',
    expect: { files: { f: `$A \${A} \\$A\n`, g: '$A\n' } },
  }),
  heredoc('copy-tabs', {
    pins: '<<- works for COPY',
    dockerfile: 'FROM scratch\nCOPY <<-EOF /f\n\ta\n\t\tb\n  c\n\tEOF\n',
    rule: '<<- chomps leading tabs',
    expect: { files: { f: 'a\nb\n  c\n' } },
  }),
  heredoc('copy-owner', {
    pins: '--chown and --chmod hold for heredocs',
    dockerfile: 'FROM scratch\nCOPY --chown=5:6 --chmod=4711 <<EOF /d/f\nx\nEOF\n',
    rule: 'COPY <<EOF takes --chown and --chmod',
    expect: { files: { 'd/f': { mode: '4711', owner: '5:6', text: 'x\n' } } },
  }),
  heredoc('add', {
    pins: 'ADD takes a heredoc as COPY does',
    dockerfile: 'FROM scratch\nENV A=1\nADD --chmod=600 <<EOF /f\n$A\nEOF\n',
    rule: 'ADD <<EOF makes a file',
    expect: { files: { f: { text: '1\n', mode: '600' } } },
  }),
  heredoc('empty', {
    pins: 'a heredoc may be empty',
    dockerfile: 'FROM scratch\nCOPY <<EOF /f\nEOF\n',
    rule: 'an empty body is an empty file',
    expect: { files: { f: '' } },
  }),
  heredoc('looks-like-instruction', {
    pins: 'what looks like an instruction or a comment in a body is text',
    dockerfile: 'FROM scratch\nCOPY <<EOF /f\n# no comment\nFROM nowhere\nRUN x \\\nEOF\nLABEL a=1\n',
    rule: 'a body ends at its terminator only; the backslash of an unquoted one goes',
    expect: { files: { f: '# no comment\nFROM nowhere\nRUN x \n' }, config: { Labels: { a: '1' } } },
  }),
  heredoc('onbuild', {
    pins: 'ONBUILD may hold a heredoc',
    dockerfile: 'FROM scratch AS one\nONBUILD COPY <<EOF /f\ntriggered\nEOF\nFROM one\n',
    rule: 'the trigger keeps its body',
    expect: { files: { f: 'triggered\n' } },
  }),
]
