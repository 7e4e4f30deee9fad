import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildChecks } from '../../../src/lint/all-rules.ts'
import { findingsIn, marksOf, type Wanted } from './linting.ts'

interface Example {
  readonly text: string
  readonly wanted?: Wanted
  /** "line:column words"; none where the rule has nothing to say. */
  readonly marks: readonly string[]
}

const experimental = '# check=experimental=all\n\n'

/** Expectations are those of Docker's reference of build checks, and of its rules where that says nothing. */
const examples: Readonly<Record<string, readonly Example[]>> = {
  StageNameCasing: [
    { text: 'FROM alpine AS BuilderBase', marks: ['1:16 BuilderBase'] },
    { text: 'FROM --platform=linux/arm64 alpine \\\n  AS arm64-X', marks: ['2:6 arm64-X'] },
    { text: 'FROM alpine AS builder-base\nFROM alpine', marks: [] },
  ],
  FromAsCasing: [
    { text: 'FROM debian:1 as builder', marks: ['1:15 as'] },
    { text: 'from debian:1 AS builder', marks: ['1:15 AS'] },
    { text: 'FROM debian:1 As builder', marks: ['1:15 As'] },
    { text: 'FROM debian:1 AS a\nfrom debian:1 as b\nFrom debian:1 as c', marks: [] },
  ],
  NoEmptyContinuation: [
    { text: 'FROM alpine\nRUN apk add \\\n\n  curl\n', marks: ['4:3 curl'] },
    { text: 'FROM alpine\nRUN apk add \\\n# gnupg\n  curl\n', marks: [] },
  ],
  ConsistentInstructionCasing: [
    { text: 'FROM alpine\nrun a\nRUN b\nWorkdir /x', marks: ['2:1 run', '4:1 Workdir'] },
    { text: 'from alpine\nrun a\nRUN b', marks: ['3:1 RUN'] },
    { text: 'from alpine\nRUN b', marks: ['1:1 from'] },
    { text: 'from alpine\nrun a\nonbuild RUN b', marks: [] },
    { text: 'arg A=1\nFROM alpine\nRUN b', marks: [] },
  ],
  DuplicateStageName: [
    { text: 'FROM a:1 AS builder\nFROM b:1 AS builder\nFROM c:1 AS BUILDER', marks: ['2:13 builder', '3:13 BUILDER'] },
    { text: 'FROM a:1 AS one\nFROM b:1 AS two\nFROM c:1\nFROM d:1', marks: [] },
  ],
  ReservedStageName: [
    { text: 'FROM alpine AS scratch\nFROM alpine AS Context', marks: ['1:16 scratch', '2:16 Context'] },
    { text: 'FROM alpine AS contexts\nFROM scratch', marks: [] },
  ],
  JSONArgsRecommended: [
    { text: 'FROM a:1\nENTRYPOINT my-program start\nCMD x', marks: ['2:1 ENTRYPOINT my-program start', '3:1 CMD x'] },
    { text: 'FROM a:1\nENTRYPOINT ["my-program", "start"]\nCMD []\nHEALTHCHECK CMD x', marks: [] },
    { text: 'FROM a:1 AS s\nSHELL ["/bin/bash", "-c"]\nFROM s\nCMD x', marks: [] },
    { text: 'FROM a:1 AS s\nFROM s\nCMD x\nSHELL ["/bin/bash", "-c"]', marks: ['3:1 CMD x'] },
    {
      text: 'FROM a:1\nCMD x',
      wanted: { bases: { 'index.docker.io/library/a:1': { config: { Shell: ['/bin/bash', '-c'] } } } },
      marks: [],
    },
  ],
  MaintainerDeprecated: [
    { text: 'FROM a:1\nMAINTAINER moby@example.com', marks: ['2:1 MAINTAINER moby@example.com'] },
    { text: 'FROM a:1\nLABEL org.opencontainers.image.authors="moby@example.com"', marks: [] },
  ],
  UndefinedArgInFrom: [
    { text: `ARG B=1\nFROM node:22\${VARIANT} AS jsbuilder`, marks: [`2:13 \${VARIANT`] },
    { text: 'FROM --platform=$TARGETPLATFROM a:1', marks: ['1:17 $TARGETPLATFROM'] },
    { text: 'FROM a:1 AS x\nARG V=1\nFROM b:$V', marks: ['3:8 $V'] },
    { text: `ARG VARIANT="-alpine"\nFROM node:22\${VARIANT}`, marks: [] },
    { text: `ARG NONE\nFROM --platform=$BUILDPLATFORM node:22\${NONE}`, marks: [] },
  ],
  WorkdirRelativePath: [
    { text: 'FROM nginx:1\nWORKDIR usr/share\nWORKDIR html', marks: ['2:9 usr/share'] },
    { text: 'FROM nginx:1\nWORKDIR /usr\nWORKDIR share', marks: [] },
    { text: 'FROM nginx:1 AS b\nWORKDIR /usr\nFROM b\nWORKDIR share', marks: [] },
    { text: 'FROM nginx:1 AS b\nWORKDIR /usr\nFROM nginx:1\nWORKDIR share', marks: ['4:9 share'] },
    { text: 'FROM nginx:1\nARG D=/usr\nWORKDIR $D', marks: [] },
  ],
  UndefinedVar: [
    { text: 'FROM alpine AS base\nCOPY $foo .', marks: ['2:6 $foo'] },
    { text: 'FROM alpine\nENV PATH=$PAHT:/app/bin', marks: ['2:10 $PAHT'] },
    { text: `FROM scratch\nENV A=$NOPE A2=\${NOPE} B=\${ALSO:-x}`, marks: ['2:7 $NOPE', `2:26 \${ALSO`] },
    { text: 'FROM scratch\nENV A=1 B=$A', marks: ['2:11 $A'] },
    {
      text: 'FROM scratch\nLABEL a=$x\nUSER $u\nVOLUME /$v\nCOPY --chown=$o a $d',
      marks: ['2:9 $x', '3:6 $u', '4:9 $v', '5:14 $o', '5:19 $d'],
    },
    { text: 'FROM scratch\nCOPY --exclude=$x --parents a b', marks: ['2:16 $x'] },
    { text: 'FROM scratch\nCOPY <<E /x\n  $in\nE\nCOPY <<"E" /y\n$kept\nE', marks: ['3:3 $in'] },
    { text: 'FROM scratch\nARG A=$nope\nARG B=1 C=$B', marks: ['2:7 $nope'] },
    { text: 'FROM scratch\nARG A=$nope', wanted: { buildArgs: { A: '1' } }, marks: [] },
    { text: 'ARG g=1\nFROM scratch\nENV A=$g', marks: ['3:7 $g'] },
    { text: 'ARG g=1\nFROM scratch\nARG g\nARG foo\nENV A=$g B=$foo P=$PATH', marks: [] },
    { text: 'FROM scratch AS a\nENV X=1\nARG Y\nFROM a\nENV Z=$X$Y', marks: [] },
    { text: 'FROM scratch\nRUN echo $nope\nCMD $nope\nENTRYPOINT ["$nope"]', marks: [] },
    { text: "FROM scratch\nENV A='$nope' B=\\$nope", marks: [] },
    { text: 'FROM golang:1\nENV PATH=$GOPATH/bin:$PATH', marks: [] },
    {
      text: 'FROM golang:1\nENV A=$GOPATH/bin B=$OTHER',
      wanted: { bases: { 'index.docker.io/library/golang:1': { config: { Env: ['GOPATH=/go'] } } } },
      marks: ['2:21 $OTHER'],
    },
  ],
  MultipleInstructionsDisallowed: [
    {
      text: 'FROM a:1\nENTRYPOINT ["a"]\nENTRYPOINT ["b"]\nENTRYPOINT ["c"]',
      marks: ['2:1 ENTRYPOINT ["a"]', '3:1 ENTRYPOINT ["b"]'],
    },
    { text: 'FROM a:1\nHEALTHCHECK NONE\nCMD ["a"]\nHEALTHCHECK CMD x', marks: ['2:1 HEALTHCHECK NONE'] },
    { text: 'FROM a:1 AS a\nCMD ["a"]\nFROM a\nCMD ["b"]', marks: [] },
  ],
  LegacyKeyValueFormat: [
    { text: 'FROM a:1\nARG foo=bar\nENV DEPS \\\n    curl\nLABEL a b', marks: ['3:1 ENV DEPS \\', '5:1 LABEL a b'] },
    { text: 'FROM a:1\nENV DEPS="\\\n    curl"\nLABEL "a b"=c', marks: [] },
  ],
  RedundantTargetPlatform: [
    { text: 'FROM --platform=$TARGETPLATFORM alpine AS a', marks: ['1:6 --platform=$TARGETPLATFORM'] },
    { text: `FROM --platform="\${TARGETPLATFORM}" alpine AS a`, marks: ['1:6 --platform'] },
    {
      text: 'FROM alpine AS a\nFROM --platform=$BUILDPLATFORM alpine\nFROM --platform=$TARGETOS/arm64 alpine',
      marks: [],
    },
  ],
  SecretsUsedInArgOrEnv: [
    {
      text: 'FROM scratch\nARG AWS_SECRET_ACCESS_KEY\nENV apikey=1 GITHUB_TOKEN=2',
      marks: ['2:5 AWS_SECRET_ACCESS_KEY', '3:5 apikey', '3:14 GITHUB_TOKEN'],
    },
    { text: 'FROM scratch\nARG PUBLIC_KEY TOKEN_FILE KEY_VERSION MONKEY\nENV AUTHOR=me', marks: [] },
  ],
  InvalidDefaultArgInFrom: [
    { text: `ARG TAG\nFROM busybox:\${TAG}`, wanted: { buildArgs: { TAG: '1' } }, marks: [`2:6 busybox:\${TAG}`] },
    { text: `ARG I\nFROM \${I}`, marks: [`2:6 \${I}`] },
    { text: `ARG TAG\nFROM busybox:\${TAG:-latest}\nFROM scratch`, marks: [] },
    { text: 'ARG TAG=1\nFROM busybox:$TAG AS b\nFROM b', marks: [] },
  ],
  FromPlatformFlagConstDisallowed: [
    { text: 'FROM --platform=linux/amd64 alpine AS base', marks: ['1:6 --platform=linux/amd64'] },
    { text: 'FROM --platform=linux/amd64 alpine AS build_amd64', marks: [] },
    { text: 'FROM --platform=linux/amd64 alpine AS on-linux', marks: [] },
    { text: 'ARG P=linux/amd64\nFROM --platform=$P alpine\nFROM alpine', marks: [] },
  ],
  CopyIgnoredFile: [
    { text: 'FROM scratch\nCOPY ./tmp/x ok /', wanted: { ignore: 'tmp\n' }, marks: ['2:6 ./tmp/x'] },
    { text: 'FROM scratch\nARG F=a.log\nADD $F /', wanted: { ignore: '*.log' }, marks: ['3:5 $F'] },
    { text: 'FROM scratch\nCOPY . /', wanted: { ignore: '*' }, marks: ['2:6 .'] },
    { text: 'FROM scratch\nCOPY . /\nCOPY / /\nCOPY ok /', wanted: { ignore: 'tmp' }, marks: [] },
    { text: 'FROM scratch\nCOPY tmp/x /', wanted: { ignore: 'tmp\n!tmp/x' }, marks: [] },
    { text: 'FROM scratch\nCOPY tmp/y /', wanted: { ignore: 'tmp\n!tmp/x' }, marks: ['2:6 tmp/y'] },
    { text: 'FROM scratch\nCOPY tmp tmp/* /', wanted: { ignore: 'tmp\n!tmp/x' }, marks: [] },
    {
      text: 'FROM scratch AS s\nFROM s\nCOPY --from=s tmp /\nADD https://x.invalid/tmp /\nCOPY <<tmp /\ntmp',
      wanted: { ignore: '**/tmp' },
      marks: [],
    },
    { text: 'FROM scratch\nCOPY tmp/x /', marks: [] },
  ],
  InvalidDefinitionDescription: [
    {
      text: `${experimental}# words\nFROM scratch AS base\n# more words\nARG VERSION=1`,
      marks: ['4:1 FROM scratch AS base', '6:1 ARG VERSION=1'],
    },
    { text: `${experimental}# base is it\nFROM scratch AS base\n# B both\nARG A B`, marks: [] },
    { text: `${experimental}# words\n\nFROM scratch AS base\n# words\n#\nARG A`, marks: [] },
    { text: `${experimental}# words\nFROM scratch`, marks: [] },
    { text: '# words\nFROM scratch AS base', marks: [] },
    {
      text: '# check=experimental=InvalidDefinitionDescription;skip=all\nFROM scratch AS base\n# w\nARG A',
      marks: ['4:1 ARG A'],
    },
  ],
  ExposeProtoCasing: [
    { text: 'FROM a:1\nEXPOSE 80/TcP 81/udp 82', marks: ['2:8 80/TcP'] },
    { text: 'FROM a:1\nARG P=80/UDP\nEXPOSE $P', marks: ['3:8 $P'] },
    { text: 'FROM a:1\nEXPOSE 80/tcp 90-92/sctp', marks: [] },
  ],
  ExposeInvalidFormat: [
    { text: 'FROM a:1\nEXPOSE 127.0.0.1:80:80 80:80 443', marks: ['2:8 127.0.0.1:80:80', '2:24 80:80'] },
    { text: 'FROM a:1\nEXPOSE 80 90-92/udp', marks: [] },
  ],
  InvalidBaseImagePlatform: [
    {
      text: 'FROM a:1',
      wanted: { bases: { 'index.docker.io/library/a:1': { architecture: 'arm64' } } },
      marks: ['1:6 a:1'],
    },
    {
      text: 'FROM --platform=linux/arm64 a:1 AS arm64',
      wanted: { bases: { 'index.docker.io/library/a:1': { architecture: 'arm64' } } },
      marks: [],
    },
    { text: 'FROM a:1', marks: [] },
  ],
}

test('every build check has examples on both sides', () => {
  const sided = Object.entries(examples).filter(
    ([, all]) => all.some(({ marks }) => marks.length > 0) && all.some(({ marks }) => marks.length === 0),
  )
  assert.deepEqual(sided.map(([rule]) => rule).sort(), buildChecks.map(({ name }) => name).sort())
})

for (const [rule, all] of Object.entries(examples)) {
  for (const { text, wanted, marks } of all) {
    const says = marks.length === 0 ? 'nothing' : marks.join(', ')
    test(`${rule} finds ${says} in ${JSON.stringify(text)}`, () => assert.deepEqual(marksOf(rule, text, wanted), marks))
  }
}

test('what a variable is mistaken for is said', () => {
  const [found] = findingsIn(`FROM alpine:1@sha256:${'a'.repeat(64)}\nENV PATH=$PAHT`)
  assert.equal(found?.message, 'the variable $PAHT is not set (did you mean $PATH?)')
})
