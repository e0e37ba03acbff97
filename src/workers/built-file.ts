/**
 * The URL of a file of the built program, by its path below dist/. Threads and processes always run as built, whoever
 * starts them: this program, or a test that imports the owner from src/, which lies as deep below the root as dist/.
 */
export function builtFile(path: string): URL {
  return new URL(`../../dist/${path}`, import.meta.url);
}
