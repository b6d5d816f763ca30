/** What a process knows of where it runs. Handed down from the functions and the command line, which alone read it. */
export interface Surroundings {
  readonly env: { readonly [name: string]: string | undefined };
}
