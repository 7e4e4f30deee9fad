import type { ImageCase } from '../case.ts'

const tree = {
  'a.md': '',
  'b.txt': '',
  'docs/a.md': '',
  'docs/keep.md': '',
  'docs/in/a.md': '',
  'src/a.log': '',
  'src/in/b.log': '',
  '.git/config': '',
}

/** The files of one tree, all copied but for what an ignore file names. */
function ignoring(name: string, pins: string, text: string, left: readonly string[]): ImageCase {
  const gone = Object.keys(tree).filter((path) => !left.includes(path))
  const files = [...left.map((path) => [path, ''] as const), ...gone.map((path) => [path, null] as const)]
  return {
    name: `ignore-${name}`,
    pins,
    dockerfile: 'FROM scratch\nCOPY . /\n',
    files: { ...tree, '.dockerignore': text },
    expect: { files: Object.fromEntries(files) },
  }
}

const all = Object.keys(tree)
const without = (...gone: RegExp[]): readonly string[] => all.filter((path) => !gone.some((one) => one.test(path)))

export const ignoreCases: readonly ImageCase[] = [
  ignoring('name', 'a plain name is a path from the context', 'a.md\n', without(/^a\.md/)),
  ignoring('directory', 'a directory goes with all that is in it', 'docs\n.git\n', without(/^docs/, /^\.git/)),
  ignoring('slashes', 'slashes at both ends change nothing', '/docs/\n', without(/^docs/)),
  ignoring('star', '* matches no slash', '*.md\n*/*.log\n', without(/^a\.md/, /^src\/a/)),
  ignoring('double-star', '** matches any number of directories', '**/*.md\n', without(/\.md$/)),
  ignoring('double-star-end', '** at the end matches all below', 'docs/**\n', without(/^docs/)),
  ignoring('question-mark', '? matches one character', '?.md\nb.???\n', without(/^a\.md/, /^b/)),
  ignoring('negation', '! takes files in again', 'docs\n!docs/keep.md\n', without(/^docs\/(?!keep)/)),
  ignoring('negation-order', 'the last line that matches counts', '!docs/keep.md\ndocs\n', without(/^docs/)),
  ignoring('all-but', '* and ! leave what is named', '*\n!src\n!b.txt\n', ['b.txt', 'src/a.log', 'src/in/b.log']),
  ignoring('negation-then-again', 'an exception may be ignored in part', '**\n!src\nsrc/in\n', ['src/a.log']),
  ignoring(
    'comments',
    'comments, blank lines and blanks around a line do not count',
    '# a.md\n\n  b.txt  \n',
    without(/^b/),
  ),
  ignoring(
    'parent',
    '.. in a line goes up and stays in the context',
    'src/../docs/\n./b.txt\n',
    without(/^docs/, /^b/),
  ),
  {
    name: 'ignore-dockerfile',
    pins: 'the Dockerfile and the ignore file may be ignored and still work',
    dockerfile: 'FROM scratch\nCOPY . /\n',
    files: { f: '1', '.dockerignore': 'Dockerfile\n.dockerignore\n' },
    expect: { files: { f: '1', Dockerfile: null, '.dockerignore': null } },
  },
  {
    name: 'ignore-wildcard-source',
    pins: 'a wildcard does not see what is ignored',
    dockerfile: 'FROM scratch\nCOPY *.txt /d/\n',
    files: { 'a.txt': '1', 'b.txt': '2', '.dockerignore': 'b.txt\n' },
    expect: { files: { 'd/a.txt': '1', 'd/b.txt': null } },
  },
  {
    name: 'ignore-own-file',
    pins: "a Dockerfile's own ignore file goes before that of the context",
    dockerfile: 'FROM scratch\nCOPY . /\n',
    files: { a: '1', b: '2', '.dockerignore': 'a\n', 'Dockerfile.dockerignore': 'b\n' },
    expect: { files: { a: '1', b: null } },
  },
  {
    name: 'ignore-add',
    pins: 'ADD does not see what is ignored',
    dockerfile: 'FROM scratch\nADD d /d\n',
    files: { 'd/a': '1', 'd/b': '2', '.dockerignore': 'd/b\n' },
    expect: { files: { 'd/a': '1', 'd/b': null } },
  },
  {
    name: 'ignore-directory-not-taken-in-again',
    pins: 'an exception for a directory that nothing ignores does not hold for what is in it',
    dockerfile: 'FROM scratch\nCOPY . /\n',
    files: { 'a/a': '1', 'a/b': '2', '.dockerignore': 'a/a\n!a\n' },
    rule: "a line is tried only where it changes the answer (moby's patternmatcher, with the results of the parent)",
    expect: { files: { 'a/a': null, 'a/b': '2' } },
  },
]
