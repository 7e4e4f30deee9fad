import type { ImageCase } from '../case.ts'

const carol = `ARG BASE
FROM $BASE
RUN echo 'carol:x:1234:77::/:/bin/sh' >> /etc/passwd && echo 'crew:x:88:' >> /etc/group
`

export const ownerCases: readonly ImageCase[] = [
  {
    name: 'chown-numbers',
    pins: '--chown=uid:gid needs no account',
    dockerfile: 'FROM scratch\nCOPY --chown=5:6 f /f\n',
    files: { f: '1' },
  },
  {
    name: 'chown-one-number',
    pins: '--chown=uid is the group as well',
    dockerfile: 'FROM scratch\nCOPY --chown=5 f /f\n',
    files: { f: '1' },
    expect: { files: { f: { owner: '5:5' } } },
  },
  {
    name: 'chown-name',
    pins: '--chown=name brings its primary group',
    dockerfile: `${carol}COPY --chown=carol f /f\n`,
    files: { f: '1' },
    expect: { files: { f: { owner: '1234:77' } } },
  },
  {
    name: 'chown-names',
    pins: '--chown=user:group takes both by name',
    dockerfile: `${carol}COPY --chown=carol:crew f /f\n`,
    files: { f: '1' },
    expect: { files: { f: { owner: '1234:88' } } },
  },
  {
    name: 'chown-name-and-number',
    pins: '--chown mixes names and numbers',
    dockerfile: `${carol}COPY --chown=carol:9 f /f\nCOPY --chown=9:crew f /g\n`,
    files: { f: '1' },
    expect: { files: { f: { owner: '1234:9' }, g: { owner: '9:88' } } },
  },
  {
    name: 'chown-group-only',
    pins: '--chown=:group leaves the user root',
    dockerfile: `${carol}COPY --chown=:crew f /f\n`,
    files: { f: '1' },
    expect: { files: { f: { owner: '0:88' } } },
  },
  {
    name: 'chown-parents',
    pins: '--chown owns the directories made on the way, and no others',
    dockerfile: 'ARG BASE\nFROM $BASE\nCOPY --chown=5:6 f /tmp/a/b/f\n',
    files: { f: '1' },
    expect: { files: { 'tmp/a': { owner: '5:6' }, 'tmp/a/b': { owner: '5:6' }, tmp: { owner: '0:0' } } },
  },
  {
    name: 'chown-tree',
    pins: '--chown owns everything copied, symlinks as well',
    dockerfile: 'FROM scratch\nCOPY --chown=5:6 d /d\n',
    files: { 'd/f': '1', 'd/in/g': '2', 'd/l': { link: 'f' } },
    expect: { files: { 'd/l': { owner: '5:6' }, 'd/in': { owner: '5:6' } } },
  },
  {
    name: 'chown-variable',
    pins: '--chown is expanded',
    dockerfile: 'FROM scratch\nARG U=5\nENV G=6\nCOPY --chown=$U:$G f /f\n',
    files: { f: '1' },
    expect: { files: { f: { owner: '5:6' } } },
  },
  {
    name: 'chown-stage-root',
    pins: '--chown looks names up in the root of its own stage',
    dockerfile: `${carol.replace('FROM $BASE', 'FROM $BASE AS other').replace('1234', '55')}FROM $BASE
RUN echo 'carol:x:66:67::/:/bin/sh' >> /etc/passwd
COPY --from=other --chown=carol /etc/group /f
`,
    expect: { files: { f: { owner: '66:67' } } },
  },
  {
    name: 'chown-add',
    pins: 'ADD takes --chown',
    dockerfile: 'FROM scratch\nADD --chown=5:6 f /f\n',
    files: { f: '1' },
  },
  {
    name: 'chmod-octal',
    pins: '--chmod takes an octal mode',
    dockerfile: 'FROM scratch\nCOPY --chmod=751 f /f\nADD --chmod=0600 f /g\n',
    files: { f: '1' },
  },
  {
    name: 'chmod-special-bits',
    pins: '--chmod sets setuid, setgid and sticky bits',
    dockerfile: 'FROM scratch\nCOPY --chmod=6755 f /f\nCOPY --chmod=1777 f /g\n',
    files: { f: '1' },
    expect: { files: { f: { mode: '6755' }, g: { mode: '1777' } } },
  },
  {
    name: 'chmod-tree',
    pins: '--chmod holds for all that is copied, directories as well',
    dockerfile: 'FROM scratch\nCOPY --chmod=711 d /d\n',
    files: { 'd/f': '1', 'd/in/g': '2' },
    expect: { files: { 'd/f': { mode: '711' }, 'd/in': { mode: '711' } } },
  },
  {
    name: 'chmod-symbolic',
    pins: '--chmod takes symbols, which start from the mode of each file',
    dockerfile: 'FROM scratch\nCOPY --chmod=u=rwX,go=rX d /d\nCOPY --chmod=+x d/f /f\nCOPY --chmod=go-rwx,u+s d/f /g\n',
    files: { 'd/f': { text: '1', mode: 0o640 }, 'd/x': { text: '2', mode: 0o700 }, 'd/in/g': '3' },
    rule: '--chmod=u+x and the like, since 1.14; buildah knows octal only',
    expect: {
      files: {
        'd/f': { mode: '644' },
        'd/x': { mode: '755' },
        'd/in': { mode: '755' },
        f: { mode: '751' },
        g: { mode: '4600' },
      },
    },
  },
  {
    name: 'chmod-variable',
    pins: '--chmod is expanded',
    dockerfile: 'FROM scratch\nARG M=600\nCOPY --chmod=$M f /f\n',
    files: { f: '1' },
    expect: { files: { f: { mode: '600' } } },
  },
  {
    name: 'parents-owner',
    pins: 'directories made on the way belong to root and have mode 755',
    dockerfile: 'FROM scratch\nCOPY f /a/b/c/f\nADD f /x/y/f\n',
    files: { f: '1' },
    expect: { files: { 'a/b': { owner: '0:0', mode: '755' }, x: { owner: '0:0', mode: '755' } } },
  },
]
