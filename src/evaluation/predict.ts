/* eslint-disable */
export type OpenedModel = any;
export async function openModel(_p: string, _b: number): Promise<any> {
  throw new Error('x');
}
export async function predict(_o: any): Promise<any> {}
