import type { ImageCase } from '../case.ts'

export const fromCases: readonly ImageCase[] = [
  {
    name: 'from-alias-chain',
    pins: 'a stage may be a new name for another, over and over',
    dockerfile: 'FROM scratch AS one\nLABEL one=1\nFROM one AS two\nFROM two AS three\nFROM three\nLABEL two=2\n',
  },
  {
    name: 'from-stage-case',
    pins: 'names of stages do not depend on case',
    dockerfile: 'FROM scratch AS Build\nLABEL one=1\nFROM bUILD\nLABEL two=2\n',
    rule: 'names of stages have no case; buildah takes FROM as it is written',
    expect: { config: { Labels: { one: '1', two: '2' } } },
  },
  {
    name: 'from-duplicate-names',
    pins: 'of stages with one name, the last one above counts',
    dockerfile: `FROM scratch AS same
LABEL which=first
FROM scratch AS same
LABEL which=second
FROM same
LABEL own=yes
`,
    rule: 'the last stage above of that name; buildah takes now one and now the other',
    expect: { config: { Labels: { which: 'second', own: 'yes' } } },
  },
  {
    name: 'copy-from-duplicate-names',
    pins: 'COPY --from a name that several stages have takes the last one above',
    dockerfile: `FROM scratch AS same
COPY one /file
FROM scratch AS same
COPY two /file
FROM scratch
COPY --from=same /file /file
`,
    files: { one: '1\n', two: '2\n' },
    rule: 'the last stage above of that name; buildah takes now one and now the other',
    expect: { files: { file: '2\n' } },
  },
  {
    name: 'from-arg',
    pins: 'ARG above FROM goes into FROM, with its default',
    dockerfile: 'ARG BASE\nARG NAME=$BASE\nFROM $NAME\nLABEL a=1\n',
  },
  {
    name: 'from-arg-with-equals',
    pins: 'a value in FROM may hold "="',
    dockerfile: 'ARG IMAGE=a=b\nFROM scratch AS x\nARG IMAGE\nLABEL image=$IMAGE\n',
  },
  {
    name: 'from-arg-braces',
    pins: 'FROM expands with default values',
    dockerfile: `ARG BASE\nFROM \${NOTHING:-$BASE}\nLABEL a=1\n`,
  },
  {
    name: 'from-arg-stage',
    pins: 'an ARG may name a stage',
    dockerfile: 'ARG WHICH=two\nFROM scratch AS one\nLABEL n=1\nFROM scratch AS two\nLABEL n=2\nFROM $WHICH\n',
    expect: { config: { Labels: { n: '2' } } },
    rule: 'FROM is expanded before stages are looked up; buildah looks for an image',
  },
  {
    name: 'from-platform-target',
    pins: 'FROM --platform takes the predefined TARGETPLATFORM',
    dockerfile: 'ARG BASE\nFROM --platform=$TARGETPLATFORM $BASE\nLABEL a=1\n',
    expect: { config: { Labels: { a: '1' } } },
  },
  {
    name: 'from-platform-build',
    pins: 'FROM --platform takes the predefined BUILDPLATFORM',
    dockerfile:
      'ARG BASE\nFROM --platform=$BUILDPLATFORM $BASE AS build\nRUN echo 1 > /f\nFROM scratch\nCOPY --from=build /f /f\n',
    expect: { files: { f: '1\n' } },
  },
  {
    name: 'from-target-name',
    pins: '--target builds a stage and what it needs, and nothing else',
    dockerfile: 'ARG BASE\nFROM $BASE AS one\nLABEL n=1\nFROM $BASE AS two\nRUN exit 3\n',
    target: 'one',
  },
  {
    name: 'from-target-index',
    pins: '--target takes the number of a stage',
    dockerfile: 'FROM scratch AS one\nLABEL n=1\nFROM scratch AS two\nLABEL n=2\n',
    target: '0',
    rule: '--target takes a number; buildah takes names only',
    expect: { config: { Labels: { n: '1' } } },
  },
  {
    name: 'from-target-case',
    pins: '--target does not depend on case',
    dockerfile: 'FROM scratch AS one\nLABEL n=1\nFROM scratch AS two\nLABEL n=2\n',
    target: 'ONE',
    rule: 'names of stages have no case; buildah compares --target as it is written',
    expect: { config: { Labels: { n: '1' } } },
  },
  {
    name: 'from-unused-stage',
    pins: 'a stage that nobody needs is not built',
    dockerfile: 'ARG BASE\nFROM $BASE AS unused\nRUN exit 3\nFROM scratch\nLABEL a=1\n',
  },
  {
    name: 'from-scratch-environment',
    pins: 'FROM scratch starts with a PATH and the working directory /',
    dockerfile: 'FROM scratch\nLABEL a=1\n',
    expect: {
      config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], WorkingDir: '/' },
    },
  },
  {
    name: 'from-base-configuration',
    pins: 'the configuration of the base is what the image starts with',
    dockerfile: 'ARG BASE\nFROM $BASE\nLABEL a=1\n',
  },
  {
    name: 'from-name-like-image',
    pins: 'a stage hides an image of its name',
    dockerfile: 'FROM scratch AS busybox\nLABEL own=yes\nFROM busybox\nLABEL a=1\n',
    expect: { config: { Labels: { own: 'yes', a: '1' } } },
  },
  {
    name: 'from-stage-own-name',
    pins: 'a stage may have the name of the one it starts from',
    dockerfile: 'FROM scratch AS same\nLABEL one=1\nFROM same AS same\nLABEL two=2\nFROM same\n',
    expect: { config: { Labels: { one: '1', two: '2' } } },
    rule: 'a name means the stage above; buildah loses the first of them',
  },
]
