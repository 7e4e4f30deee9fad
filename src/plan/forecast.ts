/** What is known of a step's layer before anything runs. */
export type Verdict =
  /** The cache directory has it, and it will be used. */
  | 'hit'
  /** The cache directory does not have it, or it will not be used. */
  | 'miss'
  /** It has one that will be used if a step that must run gives the same result as when that one was made. */
  | 'depends'
  /** Its key is not known yet. */
  | 'unknown'

export interface StepForecast {
  readonly verdict: Verdict
  /** What keeps it from being a hit; undefined for a hit. */
  readonly why: string | undefined
  /** 64 hexadecimal digits; undefined where something the layer depends on is not known before it is worked on. */
  readonly key: string | undefined
  /** Key of the layer below, or the identity of the base; undefined as the key is. */
  readonly parent: string | undefined
  /** What of the step goes into its key, in JSON's terms. Without "from" where that is not known. */
  readonly fields: Readonly<Record<string, unknown>>
  /** The files that go into the key; undefined where there are none, or where they are not known. */
  readonly inputs: KeyInputs | undefined
}

export interface KeyInputs {
  /** Of the canonical list of files, as the key record has it. */
  readonly digest: string
  readonly count: number
}

export interface StageForecast {
  /** False where all that is taken from the stage is cached, so that the build never looks at it. */
  readonly isWorkedOn: boolean
  /** One for each step that makes a layer. */
  readonly steps: readonly StepForecast[]
}

/** Stages by index. */
export type Forecast = ReadonlyMap<number, StageForecast>
