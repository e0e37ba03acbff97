/** The package brings no types: what is used of it, as its module in WebAssembly has it. */
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  export interface JPEGDecoder {
    /** Makes room for a file; the view is good until the next call. */
    getEncodedBuffer(bytes: number): Uint8Array;
    /** Throws (a number) where libjpeg-turbo fails or warns. */
    decode(): void;
    getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
    /** RGB or grey; the view is good until the next call. */
    getDecodedBuffer(): Uint8Array;
  }
  export interface LibJpegTurbo {
    readonly JPEGDecoder: new () => JPEGDecoder;
  }
  /** @param options where the module says why it does not start, beside throwing it: on stderr unless given. */
  export default function load(options: { readonly printErr: (text: string) => void }): Promise<LibJpegTurbo>;
}
