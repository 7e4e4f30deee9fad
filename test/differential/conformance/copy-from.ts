import type { ImageCase } from '../case.ts'

export const copyFromCases: readonly ImageCase[] = [
  {
    name: 'copy-from-name',
    pins: 'COPY --from takes files of a stage, with their owners, modes and times',
    dockerfile: `ARG BASE
FROM $BASE AS one
RUN echo 1 > /f && chown 5:6 /f && chmod 4711 /f && touch -d @1000000000 /f
FROM scratch
COPY --from=one /f /f
`,
    expect: { files: { f: { owner: '5:6', mode: '4711', mtime: '1000000000.000000000' } } },
  },
  {
    name: 'copy-from-case',
    pins: '--from does not depend on case',
    dockerfile: 'FROM scratch AS One\nCOPY f /f\nFROM scratch\nCOPY --from=oNE /f /f\n',
    files: { f: '1' },
    rule: 'names of stages have no case; buildah takes --from as it is written',
    expect: { files: { f: '1' } },
  },
  {
    name: 'copy-from-index',
    pins: '--from takes the number of a stage, with a name or without',
    dockerfile:
      'FROM scratch\nCOPY f /f\nFROM scratch AS two\nCOPY f /g\nFROM scratch\nCOPY --from=0 /f /\nCOPY --from=1 /g /\n',
    files: { f: '1' },
  },
  {
    name: 'copy-from-name-that-is-a-number',
    pins: '--from with a number counts stages',
    dockerfile: 'FROM scratch AS one\nCOPY f /f\nFROM scratch\nCOPY --from=0 f /g\n',
    files: { f: '1' },
  },
  {
    name: 'copy-from-image',
    pins: '--from takes files of an image',
    dockerfile: 'ARG BASE\nFROM $BASE AS base\nFROM scratch\nCOPY --from=base /etc/passwd /passwd\n',
  },
  {
    name: 'copy-from-whole-root',
    pins: 'COPY --from=stage / / takes the whole root',
    dockerfile: `ARG BASE
FROM $BASE AS one
RUN mkdir -m 1777 /t && ln -s t /l && echo 1 > /t/f && chown 5:6 /t /t/f
FROM scratch
COPY --from=one / /
`,
    expect: { files: { t: { mode: '1777', owner: '5:6' }, l: { type: 'symlink' }, 'bin/busybox': { type: 'file' } } },
  },
  {
    name: 'copy-from-relative',
    pins: "a source of --from starts at the stage's root, whatever its WORKDIR",
    dockerfile: 'FROM scratch AS one\nWORKDIR /w\nCOPY f /w/f\nCOPY g /f\nFROM scratch\nCOPY --from=one f /f\n',
    files: { f: '1', g: '2' },
    expect: { files: { f: '2' } },
  },
  {
    name: 'copy-from-symlink',
    pins: "a symlink in --from is followed inside that stage's root",
    dockerfile: `ARG BASE
FROM $BASE AS one
RUN mkdir /d && echo 1 > /d/f && ln -s /d /l && ln -s ../../../d/f /m
FROM scratch
COPY --from=one /l /e
COPY --from=one /m /m
COPY --from=one /l/f /f
`,
    expect: { files: { 'e/f': '1\n', m: '1\n', f: '1\n' } },
  },
  {
    name: 'copy-from-wildcard',
    pins: 'wildcards work with --from',
    dockerfile: 'FROM scratch AS one\nCOPY . /d/\nFROM scratch\nCOPY --from=one /d/*.txt /d/\n',
    files: { 'a.txt': 'a', 'b.md': 'b' },
  },
  {
    name: 'copy-from-not-ignored',
    pins: '.dockerignore is for the context, not for stages',
    dockerfile: 'ARG BASE\nFROM $BASE AS one\nRUN echo 1 > /secret\nFROM scratch\nCOPY --from=one /secret /secret\n',
    files: { '.dockerignore': 'secret\n' },
  },
  {
    name: 'copy-from-hardlinks',
    pins: 'names of one file in a stage stay one file in a copy of their directory',
    dockerfile:
      'ARG BASE\nFROM $BASE AS one\nRUN mkdir /d && echo 1 > /d/a && ln /d/a /d/b\nFROM scratch\nCOPY --from=one /d /d\n',
    expect: { files: { 'd/b': { sameAs: 'd/a' } } },
  },
  {
    name: 'copy-from-chown',
    pins: '--chown and --chmod change what --from would keep',
    dockerfile:
      'FROM scratch AS one\nCOPY --chown=5:6 --chmod=600 f /f\nFROM scratch\nCOPY --from=one --chown=7:8 --chmod=711 /f /f\n',
    files: { f: '1' },
    expect: { files: { f: { owner: '7:8', mode: '711' } } },
  },
  {
    name: 'copy-from-stage-on-stage',
    pins: '--from sees what a stage has from the one below it',
    dockerfile: 'FROM scratch AS one\nCOPY f /f\nFROM one AS two\nCOPY f /g\nFROM scratch\nCOPY --from=two / /\n',
    files: { f: '1' },
  },
]
