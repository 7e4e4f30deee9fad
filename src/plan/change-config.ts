import { expandWords } from '../dockerfile/expand.ts'
import type { Instruction, ListInstruction, RawPair } from '../dockerfile/instruction.ts'
import type { ContainerConfig } from '../oci/image-config.ts'
import { type Change, expandIn, syntax, withConfig } from './change.ts'
import { changeCommand } from './change-command.ts'
import { isSignal, joinWorkdir, parsePorts, withEnv } from './container-config.ts'
import { type ArgSources, declareArgs } from './declare-args.ts'
import type { StageState } from './stage-state.ts'

/** Instructions whose effect on the configuration is all there is to them, or (WORKDIR) a part that stands alone. */
export type ConfigInstruction = Exclude<Instruction, { readonly kind: 'RUN' | 'COPY' | 'ADD' }>

/** Applies one configuration instruction to a state; nothing else is looked at. */
export function changeConfig(instruction: ConfigInstruction, state: StageState, sources: ArgSources): Change {
  switch (instruction.kind) {
    case 'ENV':
      return setEnv(expandPairs(instruction.pairs, state), state)
    case 'ARG':
      return declareArgs(instruction.args, state, sources)
    case 'LABEL': {
      const pairs = expandPairs(instruction.pairs, state)
      const labels = { ...state.config.Labels, ...Object.fromEntries(pairs) }
      return withConfig(state, { Labels: labels }, `LABEL ${joinPairs(pairs)}`)
    }
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
      return setValue(instruction.kind, expandIn(state, instruction.value), state)
    case 'EXPOSE':
      return expose(instruction, state)
    case 'VOLUME':
      return addVolumes(instruction, state)
    case 'ONBUILD': {
      const triggers = [...(state.config.OnBuild ?? []), instruction.trigger]
      return withConfig(state, { OnBuild: triggers }, `ONBUILD ${instruction.trigger}`)
    }
    case 'MAINTAINER':
      return { state: { ...state, author: instruction.name }, createdBy: `MAINTAINER ${instruction.name}` }
    default:
      return changeCommand(instruction, state)
  }
}

type Pairs = readonly (readonly [name: string, value: string])[]

/** No pair sees what the others of its instruction set. */
function expandPairs(pairs: readonly RawPair[], state: StageState): Pairs {
  return pairs.map(([name, value]) => [expandIn(state, name), expandIn(state, value)])
}

function setEnv(pairs: Pairs, state: StageState): Change {
  if (pairs.some(([name]) => name === '')) throw syntax('ENV names an empty variable')
  const scope = new Map([...state.scope, ...pairs])
  return { state: { ...state, scope, config: withEnv(state.config, pairs) }, createdBy: `ENV ${joinPairs(pairs)}` }
}

function setValue(kind: 'WORKDIR' | 'USER' | 'STOPSIGNAL', value: string, state: StageState): Change {
  if (kind === 'USER') return withConfig(state, { User: value }, `USER ${value}`)
  if (kind === 'WORKDIR') {
    const path = joinWorkdir(state.config.WorkingDir, value)
    return withConfig(state, { WorkingDir: path }, `WORKDIR ${path}`)
  }
  if (!isSignal(value)) throw syntax(`"${value}" is not a signal`)
  return withConfig(state, { StopSignal: value }, `STOPSIGNAL ${value}`)
}

/** Ports in the order of their text, which is how Docker lists them. */
function expose({ values }: ListInstruction, state: StageState): Change {
  const words = values.toSorted().flatMap((raw) => expandWords(raw, (name) => state.scope.get(name), state))
  const ports = words.flatMap((word) => {
    const parsed = parsePorts(word)
    if (parsed === undefined) throw syntax(`"${word}" is not a port: write it as port[-port][/tcp|udp|sctp]`)
    return parsed
  })
  const exposed = { ...state.config.ExposedPorts, ...setOf(ports) }
  return withConfig(state, { ExposedPorts: exposed }, `EXPOSE [${ports.join(' ')}]`)
}

function addVolumes({ values }: ListInstruction, state: StageState): Change {
  const paths = values.map((raw) => expandIn(state, raw))
  if (paths.includes('')) throw syntax('VOLUME names an empty path')
  return withConfig(state, { Volumes: { ...state.config.Volumes, ...setOf(paths) } }, `VOLUME [${paths.join(' ')}]`)
}

/** A set as image configurations write it. */
function setOf(names: readonly string[]): NonNullable<ContainerConfig['Volumes']> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

function joinPairs(pairs: Pairs): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join(' ')
}
