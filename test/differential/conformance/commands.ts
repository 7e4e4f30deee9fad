import type { ImageCase } from '../case.ts'

export const commandCases: readonly ImageCase[] = [
  {
    name: 'cmd-exec',
    pins: 'CMD in the JSON form is kept word by word',
    dockerfile: 'FROM scratch\nCMD ["a", "b c", "$D", ""]\n',
  },
  {
    name: 'cmd-shell',
    pins: 'CMD in the shell form gets the shell in front',
    dockerfile: 'FROM scratch\nCMD a "b c" && d\n',
  },
  {
    name: 'cmd-last',
    pins: 'the last CMD counts',
    dockerfile: 'FROM scratch\nCMD ["a"]\nCMD ["b"]\n',
  },
  {
    name: 'cmd-empty',
    pins: 'CMD [] takes the command away',
    dockerfile: 'ARG BASE\nFROM $BASE\nCMD []\n',
  },
  {
    name: 'cmd-json-that-is-none',
    pins: 'what is not quite JSON is for the shell',
    dockerfile: `FROM scratch\nCMD ['a', "b"]\n`,
  },
  {
    name: 'entrypoint-exec',
    pins: 'ENTRYPOINT in the JSON form is kept word by word',
    dockerfile: 'FROM scratch\nENTRYPOINT ["a", "b"]\nCMD ["c"]\n',
  },
  {
    name: 'entrypoint-shell',
    pins: 'ENTRYPOINT in the shell form gets the shell in front',
    dockerfile: 'FROM scratch\nENTRYPOINT a b\n',
  },
  {
    name: 'entrypoint-resets-cmd',
    pins: 'ENTRYPOINT takes away a CMD that comes from the base',
    dockerfile: 'ARG BASE\nFROM $BASE\nENTRYPOINT ["a"]\n',
    expect: { config: { Cmd: undefined, Entrypoint: ['a'] } },
  },
  {
    name: 'entrypoint-keeps-own-cmd',
    pins: 'ENTRYPOINT leaves a CMD of its own stage, above it or below',
    dockerfile: 'ARG BASE\nFROM $BASE\nCMD ["c"]\nENTRYPOINT ["a"]\n',
    expect: { config: { Cmd: ['c'], Entrypoint: ['a'] } },
  },
  {
    name: 'entrypoint-resets-cmd-of-stage',
    pins: 'ENTRYPOINT takes away a CMD that comes from another stage',
    dockerfile: 'FROM scratch AS one\nCMD ["c"]\nFROM one\nENTRYPOINT ["a"]\n',
    expect: { config: { Cmd: undefined, Entrypoint: ['a'] } },
  },
  {
    name: 'entrypoint-empty',
    pins: 'ENTRYPOINT [] takes that of a stage away',
    dockerfile: 'FROM scratch AS one\nENTRYPOINT ["a"]\nFROM one\nENTRYPOINT []\n',
  },
  {
    name: 'shell-config',
    pins: 'SHELL stays in the configuration',
    dockerfile: 'FROM scratch\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\n',
  },
  {
    name: 'shell-for-cmd',
    pins: 'CMD and ENTRYPOINT in the shell form use the SHELL in force',
    dockerfile: 'FROM scratch\nSHELL ["/sh", "-x"]\nCMD a\nENTRYPOINT b\n',
    rule: 'SHELL holds for all shell forms; buildah uses it for RUN only',
    expect: { config: { Cmd: ['/sh', '-x', 'a'], Entrypoint: ['/sh', '-x', 'b'] } },
  },
  {
    name: 'shell-keeps-cmd',
    pins: 'SHELL does not touch a CMD above it',
    dockerfile: 'FROM scratch\nCMD a\nSHELL ["/sh", "-x"]\n',
    expect: { config: { Cmd: ['/bin/sh', '-c', 'a'], Shell: ['/sh', '-x'] } },
  },
  {
    name: 'cmd-json-with-comma',
    pins: 'a comma too many makes the JSON form a text for the shell',
    dockerfile: 'FROM scratch\nCMD ["a",]\n',
    expect: { config: { Cmd: ['/bin/sh', '-c', '["a",]'] } },
  },
  {
    name: 'cmd-below-entrypoint-of-stage',
    pins: 'CMD leaves the ENTRYPOINT of a stage as it is',
    dockerfile: 'FROM scratch AS one\nENTRYPOINT ["e"]\nFROM one\nCMD ["c"]\n',
    expect: { config: { Entrypoint: ['e'], Cmd: ['c'] } },
  },
]
