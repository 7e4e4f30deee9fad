import { readFlags } from '../flags.ts'
import type {
  EscapeCharacter,
  FromInstruction,
  Instruction,
  OnBuildInstruction,
  TriggerInstruction,
} from '../instruction.ts'
import { type Statement, statementOf } from '../statement.ts'
import { suggestion } from '../suggestion.ts'
import { syntaxError } from '../syntax-error.ts'
import { cutAtBlanks } from '../whitespace.ts'
import { readCmd, readEntrypoint, readShell } from './commands.ts'
import { readAdd, readCopy } from './files.ts'
import { readFrom } from './from.ts'
import { readHealthcheck } from './healthcheck.ts'
import { readArg, readEnv, readLabel } from './pairs.ts'
import { readRun } from './run.ts'
import { readExpose, readMaintainer, readValue, readVolume } from './values.ts'

type Reader = (statement: Statement, escapeCharacter: EscapeCharacter) => Instruction | FromInstruction

const readers: Readonly<Record<(Instruction | FromInstruction)['kind'], Reader>> = {
  ADD: readAdd,
  ARG: readArg,
  CMD: readCmd,
  COPY: readCopy,
  ENTRYPOINT: readEntrypoint,
  ENV: readEnv,
  EXPOSE: readExpose,
  FROM: readFrom,
  HEALTHCHECK: readHealthcheck,
  LABEL: readLabel,
  MAINTAINER: readMaintainer,
  ONBUILD: readOnBuild,
  RUN: readRun,
  SHELL: readShell,
  STOPSIGNAL: (statement) => readValue('STOPSIGNAL', statement),
  USER: (statement) => readValue('USER', statement),
  VOLUME: readVolume,
  WORKDIR: (statement) => readValue('WORKDIR', statement),
}

/** Reads an instruction by its keyword. Throws HearthError without a place. */
export function readInstruction(statement: Statement, escapeCharacter: EscapeCharacter): Instruction | FromInstruction {
  const { keyword } = statement
  if (Object.hasOwn(readers, keyword)) return readers[keyword as keyof typeof readers](statement, escapeCharacter)
  if (keyword === '') throw syntaxError('an instruction is missing here')
  const [written] = cutAtBlanks(statement.position.text)
  throw syntaxError(`unknown instruction ${written}`, {
    fix: suggestion(keyword, Object.keys(readers)),
    marks: written,
  })
}

/** Reads what ONBUILD may hold. */
export function readTrigger(statement: Statement, escapeCharacter: EscapeCharacter): TriggerInstruction {
  const instruction = readInstruction(statement, escapeCharacter)
  switch (instruction.kind) {
    case 'FROM':
    case 'MAINTAINER':
    case 'ONBUILD':
      throw syntaxError(`ONBUILD cannot hold ${instruction.kind}`)
    default:
      return instruction
  }
}

function readOnBuild(statement: Statement, escapeCharacter: EscapeCharacter): OnBuildInstruction {
  const { position, args, heredocs } = statement
  readFlags('ONBUILD', statement.flags, {})
  if (args === '') throw syntaxError('ONBUILD needs at least one argument')
  const inner = statementOf(args, { ...position, text: args }, heredocs)
  if (inner.keyword === 'ONBUILD') throw syntaxError('ONBUILD cannot hold ONBUILD')
  const trigger = args + heredocs.map(({ lines, name }) => `\n${lines}${name}`).join('')
  return { kind: 'ONBUILD', ...position, trigger, instruction: readTrigger(inner, escapeCharacter) }
}
