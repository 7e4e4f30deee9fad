import type { LayerOptions } from '../../../../src/build/rooms.ts'
import type { ContextEntry } from '../../../support/context.ts'

/** Everything that goes into a build. */
export interface Situation {
  readonly dockerfile: string
  /** What the Dockerfile is called. */
  readonly name?: string
  readonly files: Readonly<Record<string, ContextEntry>>
  /** Done to the context once the files are there. */
  readonly afterwards?: (context: string) => void
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly target?: string
  readonly platform?: string
  readonly layers?: Partial<LayerOptions>
}

/** One thing that changes. */
export interface Row {
  readonly name: string
  /** What is special before; the plain situation otherwise. */
  readonly before?: Partial<Situation>
  readonly after: Partial<Situation>
}

export const plain: Situation = {
  dockerfile: `FROM base
ENV MODE=one
ARG FLAG=1
WORKDIR /app
COPY src dest/
RUN make
`,
  files: {
    'src/a': 'a',
    'src/sub/b': 'b',
    'src/link': { link: 'a' },
    other: 'other',
    'exec.sh': { text: '', mode: 0o755 },
  },
}

/** The plain Dockerfile with its RUN exchanged for another one. */
export function run(instruction: string): Partial<Situation> {
  return { dockerfile: plain.dockerfile.replace('RUN make', instruction) }
}

/** The plain Dockerfile with its COPY exchanged for another one. */
export function copy(instruction: string): Partial<Situation> {
  return { dockerfile: plain.dockerfile.replace('COPY src dest/', instruction) }
}

/** The plain Dockerfile with another text in place of one of its own. */
export function text(from: string, to: string): Partial<Situation> {
  return { dockerfile: plain.dockerfile.replace(from, to) }
}

/** Files as they are in the plain context, but for these. */
export function files(changed: Readonly<Record<string, ContextEntry>>): Partial<Situation> {
  return { files: { ...plain.files, ...changed } }
}

export function afterwards(change: (context: string) => void): Partial<Situation> {
  return { afterwards: change }
}
