import type { ImageCase } from '../case.ts'

export const volumeCases: readonly ImageCase[] = [
  {
    name: 'volume-forms',
    pins: 'VOLUME takes words or JSON, and adds to what is there',
    dockerfile: 'FROM scratch\nVOLUME /a /b\nVOLUME ["/c", "/d e"]\n',
  },
  {
    name: 'volume-inherited',
    pins: 'volumes of a stage go on',
    dockerfile: 'FROM scratch AS one\nVOLUME /a\nFROM one\nVOLUME /b\n',
  },
  {
    name: 'volume-written-before',
    pins: 'what is written to a path before it is a VOLUME stays',
    dockerfile: 'ARG BASE\nFROM $BASE\nRUN mkdir /v && echo 1 > /v/f\nVOLUME /v\n',
    expect: { files: { 'v/f': '1\n' } },
  },
  {
    name: 'volume-written-after',
    pins: 'what commands write to a VOLUME stays, too',
    dockerfile: 'ARG BASE\nFROM $BASE\nVOLUME /v\nRUN mkdir -p /v && echo 1 > /v/f\nRUN chmod 700 /v\n',
    rule: 'VOLUME is configuration only; buildah throws away what RUN writes there',
    expect: { files: { v: { mode: '700' }, 'v/f': '1\n' } },
  },
  {
    name: 'volume-copied-after',
    pins: 'what is copied into a VOLUME stays',
    dockerfile: 'ARG BASE\nFROM $BASE\nVOLUME /v\nCOPY f /v/f\n',
    files: { f: '1' },
    expect: { files: { 'v/f': '1' } },
  },
  {
    name: 'volume-not-made',
    pins: 'VOLUME makes no directory',
    dockerfile: 'FROM scratch\nCOPY f /f\nVOLUME /v\n',
    files: { f: '1' },
    expect: { files: { v: null }, config: { Volumes: { '/v': {} } } },
  },
]
