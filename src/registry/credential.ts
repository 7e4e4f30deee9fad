/** A login. A registry token is used as it is; an identity token is exchanged for one. */
export type Credential =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string }
  | { readonly registryToken: string }

/** Knows how to log in. */
export interface CredentialSource {
  /** Where the logins are kept, for messages: "/root/.docker/config.json". */
  readonly place?: string
  /**
   * The login for a registry ("index.docker.io", "host:port"), rather one for just this repository; undefined for none.
   * Throws HearthError "credentials-invalid".
   */
  find(registry: string, repository?: string): Promise<Credential | undefined>
}
