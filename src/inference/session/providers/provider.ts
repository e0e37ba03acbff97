/** What is known of an execution provider: of what ONNX Runtime computes with. */
export interface ProviderDefinition<Name extends string = string> {
  /** What ONNX Runtime and `--provider` call it. */
  readonly name: Name;
  /**
   * Its place among those that `auto` tries, the lowest first, and what the help calls it there; null where it has to
   * be asked for.
   */
  readonly auto: { readonly place: number; readonly title: string } | null;
  /** Whether it can be told which of several devices to use. */
  readonly takesDevice: boolean;
  /** Whether it computes on the cores of the processor, on which photographs are decoded and cropped as well. */
  readonly sharesCores: boolean;
  /** What its libraries read from the environment when they are loaded; a variable that is set already stays. */
  readonly environment: Readonly<Record<string, string>>;
  /** What makes it start where it does not. */
  advice(): string;
}
