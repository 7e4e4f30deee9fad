import type { ImageCase } from '../case.ts'

export const directiveCases: readonly ImageCase[] = [
  {
    name: 'syntax-directive',
    pins: "Docker's own front end may be asked for, of any version",
    dockerfile: '# syntax=docker/dockerfile:1.7-labs\nFROM scratch\nLABEL a=1\n',
  },
  {
    name: 'syntax-directive-digest',
    pins: "Docker's own front end may be asked for by digest, with its registry",
    dockerfile: `# syntax=docker.io/docker/dockerfile:1@sha256:${'0'.repeat(64)}\nFROM scratch\nLABEL a=1\n`,
  },
  {
    name: 'check-directive',
    pins: 'a check directive changes nothing of the image',
    dockerfile: '# check=skip=JSONArgsRecommended,StageNameCasing\nFROM scratch\nCMD start\n',
  },
  {
    name: 'escape-continues-lines',
    pins: 'the escape directive names the character that continues lines',
    dockerfile: '# escape=`\nFROM scratch\nLABEL one=1 `\n  two=2\n',
  },
  {
    name: 'escape-keeps-backslash',
    pins: 'with another escape character a backslash stands for itself, in values as well',
    dockerfile: '# escape=`\nFROM scratch\nLABEL path=c:\\windows dollar=`$HOME\n',
    rule: 'the escape directive is taken for expansion too; buildah takes it for line ends only',
    expect: { config: { Labels: { path: 'c:\\windows', dollar: '$HOME' } } },
  },
  {
    name: 'directive-spelling',
    pins: 'a directive has any case, and blanks around its parts',
    dockerfile: '#   EsCaPe  =  `  \nFROM scratch\nLABEL one=1 `\n  two=2\n',
  },
  {
    name: 'directive-below-comment',
    pins: 'below a comment a directive is a comment, too',
    dockerfile: '# About this file\n# escape=`\nFROM scratch\nLABEL one=1 \\\n  two=2\n',
  },
  {
    name: 'directive-below-blank-line',
    pins: 'below a blank line a directive is a comment',
    dockerfile: '\n# escape=`\nFROM scratch\nLABEL one=1 \\\n  two=2\n',
  },
  {
    name: 'directive-below-unknown',
    pins: 'an unknown directive is a comment, and so is what follows it',
    dockerfile: '# unknown=value\n# escape=`\nFROM scratch\nLABEL one=1 \\\n  two=2\n',
  },
  {
    name: 'several-directives',
    pins: 'directives of several kinds stand below each other',
    dockerfile: '# syntax=docker/dockerfile:1\n# check=skip=all\n# escape=`\nFROM scratch\nLABEL one=1 `\n  two=2\n',
    rule: 'all directives may stand at the top; buildah reads only the first',
    expect: { config: { Labels: { one: '1', two: '2' } } },
  },
  {
    name: 'comment-in-continuation',
    pins: 'comments between continued lines are left out',
    dockerfile: 'FROM scratch\nLABEL one=1 \\\n# a comment\n  # another \\\n  two=2\n',
  },
  {
    name: 'empty-continuation',
    pins: 'blank lines between continued lines are left out',
    dockerfile: 'FROM scratch\nLABEL one=1 \\\n\n  two=2\n',
  },
  {
    name: 'comment-mark-inside',
    pins: 'a # that does not start a line is no comment',
    dockerfile: 'FROM scratch\nLABEL one=1#2 two="# 3"\n',
  },
  {
    name: 'indented-instructions',
    pins: 'instructions and comments may be indented',
    dockerfile: '  FROM scratch\n\t# comment\n\tLABEL one=1\n  LABEL two=2\n',
  },
  {
    name: 'keyword-case',
    pins: 'keywords have any case',
    dockerfile: 'from scratch as one\nlabel a=1\nEnv B=2\nfRoM one\nCmd ["x"]\n',
  },
  {
    name: 'windows-line-ends',
    pins: 'lines may end as on Windows',
    dockerfile: 'FROM scratch\r\nLABEL one=1 \\\r\n  two=2\r\nENV A=b\r\n',
  },
  {
    name: 'byte-order-mark',
    pins: 'a byte order mark is not part of the first instruction',
    dockerfile: '\uFEFFFROM scratch\nLABEL one=1\n',
  },
  {
    name: 'no-last-line-end',
    pins: 'the last line needs no end, and may continue nowhere',
    dockerfile: 'FROM scratch\nLABEL one=1 \\',
  },
]
