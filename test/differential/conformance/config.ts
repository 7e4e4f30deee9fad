import type { ImageCase } from '../case.ts'

export const configCases: readonly ImageCase[] = [
  {
    name: 'maintainer',
    pins: 'MAINTAINER is the author of the image',
    dockerfile: 'FROM scratch\nMAINTAINER Ann Author <ann@example.org>\n',
    expect: { author: 'Ann Author <ann@example.org>' },
  },
  {
    name: 'maintainer-last',
    pins: 'the last MAINTAINER counts, also over that of a stage',
    dockerfile: 'FROM scratch AS one\nMAINTAINER one\nFROM one\nMAINTAINER two\n',
  },
  {
    name: 'label-forms',
    pins: 'labels may be quoted, empty and several, and a later one replaces',
    dockerfile: `FROM scratch\nLABEL a=1 "b c"='d  e' f= "g"=h\nLABEL a=2 a.b-c/d="x\\\ny"\n`,
  },
  {
    name: 'label-old-form',
    pins: 'LABEL with a blank takes the rest of the line',
    dockerfile: 'FROM scratch\nLABEL name some words\n',
  },
  {
    name: 'label-inherited',
    pins: 'labels of a stage go on, and may be replaced',
    dockerfile: 'FROM scratch AS one\nLABEL a=1 b=2\nFROM one\nLABEL b=3 c=4\n',
  },
  {
    name: 'expose-protocols',
    pins: 'ports are tcp unless they say udp or sctp',
    dockerfile: 'FROM scratch\nEXPOSE 80 81/tcp 82/udp\nEXPOSE 83/sctp\n',
    expect: { config: { ExposedPorts: { '80/tcp': {}, '81/tcp': {}, '82/udp': {}, '83/sctp': {} } } },
  },
  {
    name: 'expose-range',
    pins: 'a range exposes each of its ports',
    dockerfile: 'FROM scratch\nEXPOSE 7000-7002/udp\n',
    rule: 'every port of a range; buildah keeps the range as it is written',
    expect: { config: { ExposedPorts: { '7000/udp': {}, '7001/udp': {}, '7002/udp': {} } } },
  },
  {
    name: 'expose-protocol-case',
    pins: 'the protocol is written in small letters, however it is given',
    dockerfile: 'FROM scratch\nEXPOSE 80/TCP 81/Udp\n',
    rule: 'protocols have no case; buildah keeps them as written',
    expect: { config: { ExposedPorts: { '80/tcp': {}, '81/udp': {} } } },
  },
  {
    name: 'expose-variable-words',
    pins: 'a variable may hold several ports',
    dockerfile: 'FROM scratch\nENV PORTS="80 81/udp"\nEXPOSE $PORTS\n',
    expect: { config: { ExposedPorts: { '80/tcp': {}, '81/udp': {} } } },
  },
  {
    name: 'expose-inherited',
    pins: 'ports add up over stages',
    dockerfile: 'FROM scratch AS one\nEXPOSE 80\nFROM one\nEXPOSE 80 443\n',
  },
  {
    name: 'stopsignal-name',
    pins: 'STOPSIGNAL keeps a name',
    dockerfile: 'FROM scratch\nSTOPSIGNAL SIGQUIT\n',
  },
  {
    name: 'stopsignal-number',
    pins: 'STOPSIGNAL keeps a number',
    dockerfile: 'FROM scratch\nSTOPSIGNAL 15\n',
  },
  {
    name: 'healthcheck-shell',
    pins: 'HEALTHCHECK CMD keeps a command for the shell',
    dockerfile: 'FROM scratch\nHEALTHCHECK CMD curl -f http://localhost/ || exit 1\n',
    expect: { config: { Healthcheck: { Test: ['CMD-SHELL', 'curl -f http://localhost/ || exit 1'] } } },
  },
  {
    name: 'healthcheck-exec',
    pins: 'HEALTHCHECK CMD takes the JSON form',
    dockerfile: 'FROM scratch\nHEALTHCHECK CMD ["check", "--all"]\n',
  },
  {
    name: 'healthcheck-times',
    pins: 'the times of a HEALTHCHECK are kept in nanoseconds',
    dockerfile: 'FROM scratch\nHEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2s --retries=3 CMD x\n',
  },
  {
    name: 'healthcheck-start-interval',
    pins: '--start-interval is kept',
    dockerfile: 'FROM scratch\nHEALTHCHECK --start-interval=1.5s CMD x\n',
    rule: '--start-interval; buildah 1.28 does not know it',
    expect: { config: { Healthcheck: { Test: ['CMD-SHELL', 'x'], StartInterval: 1_500_000_000 } } },
  },
  {
    name: 'healthcheck-none',
    pins: 'HEALTHCHECK NONE takes that of a stage away',
    dockerfile: 'FROM scratch AS one\nHEALTHCHECK CMD x\nFROM one\nHEALTHCHECK NONE\n',
    expect: { config: { Healthcheck: { Test: ['NONE'] } } },
  },
  {
    name: 'healthcheck-last',
    pins: 'the last HEALTHCHECK replaces the others whole',
    dockerfile: 'FROM scratch\nHEALTHCHECK --retries=3 CMD x\nHEALTHCHECK CMD y\n',
  },
  {
    name: 'workdir-absolute',
    pins: 'an absolute WORKDIR is where commands start, and is made',
    dockerfile: 'FROM scratch\nWORKDIR /a/b\n',
    expect: { config: { WorkingDir: '/a/b' } },
  },
  {
    name: 'workdir-relative',
    pins: 'a relative WORKDIR starts at the one before',
    dockerfile: 'FROM scratch\nWORKDIR /a\nWORKDIR b/./c\nWORKDIR ../d\n',
    expect: { config: { WorkingDir: '/a/b/d' } },
  },
  {
    name: 'workdir-clean',
    pins: 'a WORKDIR is kept as a clean path',
    dockerfile: 'FROM scratch\nWORKDIR //a//b/../c/\n',
    rule: 'WORKDIR is cleaned; buildah keeps it as written',
    expect: { config: { WorkingDir: '/a/c' } },
  },
  {
    name: 'workdir-blanks',
    pins: 'a WORKDIR is the rest of its line',
    dockerfile: 'FROM scratch\nWORKDIR /a b\n',
    rule: 'WORKDIR is one value, blanks included',
    expect: { config: { WorkingDir: '/a b' }, files: { 'a b': { type: 'directory' } } },
  },
  {
    name: 'workdir-inherited',
    pins: 'a stage starts in the WORKDIR of the one it starts from',
    dockerfile: 'FROM scratch AS one\nWORKDIR /a\nFROM one\nWORKDIR b\n',
  },
  {
    name: 'history-shape',
    pins: 'each instruction is an entry of the history, with a layer or without',
    dockerfile: `ARG BASE
FROM $BASE
ARG A=1
ENV B=2
RUN echo 1 > /f
LABEL c=3
COPY f /g
WORKDIR /w
USER 5
EXPOSE 80
CMD ["x"]
`,
    files: { f: '1' },
    rule: 'one entry each; buildah has no layer for WORKDIR before something runs',
    expect: {
      history: [
        'empty: ARG A=1',
        'empty: ENV B=2',
        'layer: RUN |1 A=1 /bin/sh -c echo 1 > /f',
        'empty: LABEL c=3',
        'layer: COPY f /g',
        'layer: WORKDIR /w',
        'empty: USER 5',
        'empty: EXPOSE [80/tcp]',
        'empty: CMD ["x"]',
      ],
    },
  },
  {
    name: 'label-twice',
    pins: 'of one label twice in an instruction the later counts',
    dockerfile: 'FROM scratch\nLABEL a=1 a=2\n',
    expect: { config: { Labels: { a: '2' } } },
  },
  {
    name: 'workdir-unset-variable',
    pins: 'a variable that is not set leaves a hole in a WORKDIR, which closes',
    dockerfile: 'FROM scratch\nWORKDIR /a/$NONE/b\n',
    rule: 'WORKDIR is cleaned after expansion; buildah keeps both slashes',
    expect: { config: { WorkingDir: '/a/b' } },
  },
  {
    name: 'healthcheck-zero',
    pins: 'a time of 0s is not given',
    dockerfile: 'FROM scratch\nHEALTHCHECK --interval=0s CMD x\n',
    rule: 'a time of 0 is none; buildah refuses it',
    expect: { config: { Healthcheck: { Test: ['CMD-SHELL', 'x'] } } },
  },
]
