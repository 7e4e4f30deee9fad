import type { ImageCase } from '../case.ts'

const carol = `ARG BASE
FROM $BASE
RUN echo 'carol:x:1234:77::/home/carol:/bin/sh' >> /etc/passwd && printf 'crew:x:77:\\nmore:x:78:carol\\n' >> /etc/group
RUN mkdir -m 1777 /w
`

export const userCases: readonly ImageCase[] = [
  {
    name: 'user-name',
    pins: 'USER with a name runs commands as it, in its groups, with its home',
    dockerfile: `${carol}USER carol\nRUN echo "$(id -u):$(id -g) $(id -G) $HOME" > /w/f\n`,
    expect: { files: { 'w/f': { text: '1234:77 77 78 /home/carol\n', owner: '1234:77' } } },
  },
  {
    name: 'user-number',
    pins: 'USER with a number that has no account is in group 0',
    dockerfile: `${carol}USER 4321\nRUN echo "$(id -u):$(id -g) $(id -G)" > /w/f\n`,
  },
  {
    name: 'user-number-of-account',
    pins: 'USER with the number of an account has the groups of the account',
    dockerfile: `${carol}USER 1234\nRUN echo "$(id -u):$(id -g)" > /w/f\n`,
  },
  {
    name: 'user-and-group-names',
    pins: 'USER user:group has that group only',
    dockerfile: `${carol}USER carol:more\nRUN echo "$(id -u):$(id -g)" > /w/f\n`,
  },
  {
    name: 'user-and-group-numbers',
    pins: 'USER takes numbers for both, known or not',
    dockerfile: `${carol}USER 5:6\nRUN echo "$(id -u):$(id -g) $(id -G)" > /w/f\n`,
  },
  {
    name: 'user-copy',
    pins: 'COPY is done as root, whatever USER says',
    dockerfile: `${carol}USER carol\nCOPY f /made/f\n`,
    files: { f: '1\n' },
    expect: { files: { made: { owner: '0:0' }, 'made/f': { owner: '0:0' } } },
  },
  {
    name: 'user-workdir',
    pins: 'WORKDIR makes its directories as the USER in force',
    dockerfile: `${carol}USER carol\nWORKDIR /a/b\n`,
    rule: 'WORKDIR belongs to USER, with the parents it makes; buildah makes them as root',
    expect: { files: { a: { owner: '1234:77', mode: '755' }, 'a/b': { owner: '1234:77', mode: '755' } } },
  },
  {
    name: 'user-workdir-existing',
    pins: 'WORKDIR leaves a directory that exists as it is',
    dockerfile: `${carol}USER carol\nWORKDIR /w\n`,
    expect: { files: { w: { owner: '0:0', mode: '1777' } } },
  },
  {
    name: 'user-on-scratch',
    pins: 'USER of any name stays in the configuration; only commands look it up',
    dockerfile: 'FROM scratch\nCOPY f /f\nUSER nobody-knows\nCMD ["x"]\n',
    files: { f: '1\n' },
  },
  {
    name: 'user-last-counts',
    pins: 'the last USER is that of the image, each command runs as the one above it',
    dockerfile: `${carol}USER carol\nRUN id -u > /w/a\nUSER root\nRUN id -u > /w/b\nUSER daemon\n`,
  },
  {
    name: 'user-made-by-run',
    pins: 'USER may name who was made above it',
    dockerfile:
      'ARG BASE\nFROM $BASE\nRUN echo "eve:x:77:77::/:/bin/sh" >> /etc/passwd\nUSER eve\nRUN id -u > /tmp/f\n',
  },
  {
    name: 'user-from-variable',
    pins: 'USER is expanded, with a default',
    dockerfile: `FROM scratch\nARG U=5\nUSER $U:\${G:-6}\n`,
    expect: { config: { User: '5:6' } },
  },
]
