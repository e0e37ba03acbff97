/**
 * What moves on the page: the theme, which run and what of it a sample shows, and the hands in 3D,
 * turned by pointer or keyboard. Everything else is there without a script. Starts at its end.
 */
import {
  distances,
  drawMeshes,
  NAMED_VIEWS,
  normalsOf,
  rotationOf,
  turned,
  unpackFaces,
  unpackPoints,
  type Mesh,
} from './scene.js';

interface HandData {
  readonly vertices?: string;
  readonly joints?: string;
}

interface SceneData {
  readonly step: number;
  readonly radius: number;
  readonly truth: HandData | null;
  readonly predictions: readonly (HandData | null)[];
}

interface PageData {
  readonly faces: string | null;
  readonly bones: readonly (readonly [number, number])[];
  /** Millimetres at which the colours of distances end. */
  readonly farthest: number;
  readonly scenes: Readonly<Record<string, SceneData>>;
}

/** A hand unpacked. */
interface Hand {
  readonly vertices: Float32Array | null;
  readonly joints: Float32Array | null;
}

type Shown = 'both' | 'truth' | 'prediction' | 'distance';

const RADIANS_A_KEY = Math.PI / 18;
const RADIANS_A_PIXEL = 0.01;
const ZOOM_A_KEY = 1.15;
/** Share of the picture's half that a hand may fill. */
const FILLED = 0.94;
/** Pixels drawn for each that is shown: two smooth the edges. */
const LEAST_RATIO = 2;
/** More pixels than this a side are not seen and slow the turning. */
const MOST_PIXELS = 640;
const OVERLAID = 0.72;

const data = JSON.parse(document.getElementById('report-data')?.textContent ?? '{}') as PageData;
const faces = data.faces === null ? new Uint16Array() : unpackFaces(data.faces);
const faceVertices = faces.reduce((most, id) => Math.max(most, id + 1), 0);

/** Every drawing, to be done again when colours change. */
const drawings: (() => void)[] = [];

function redraw(): void {
  colours.clear();
  drawings.forEach((draw) => draw());
}

const colours = new Map<string, Float32Array>();

/** What a colour of the style sheet is now, 0 … 255. */
function colourOf(name: string): Float32Array {
  let colour = colours.get(name);
  if (colour === undefined) colours.set(name, (colour = probeColour(name)));
  return colour;
}

/** The browser's own reading of it, in whatever notation it is. */
function probeColour(name: string): Float32Array {
  const probe = document.createElement('span');
  probe.className = `probe ${name}`;
  document.body.append(probe);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d')!;
  context.fillStyle = getComputedStyle(probe).color;
  context.fillRect(0, 0, 1, 1);
  probe.remove();
  return Float32Array.from(context.getImageData(0, 0, 1, 1).data.slice(0, 3));
}

function unpackHand(hand: HandData | null | undefined, step: number): Hand | null {
  if (hand === null || hand === undefined) return null;
  const unpack = (text: string | undefined): Float32Array | null =>
    text === undefined ? null : unpackPoints(text, step);
  return { vertices: unpack(hand.vertices), joints: unpack(hand.joints) };
}

function meshOf({ vertices }: Hand, colours: Float32Array, opacity: number): Mesh | null {
  if (vertices === null) return null;
  const ownFaces = vertices.length / 3 === faceVertices ? faces : new Uint16Array();
  return { points: vertices, normals: normalsOf(vertices, ownFaces), faces: ownFaces, colours, opacity };
}

/**
 * Colours of the vertices by their distance, interpolated over the steps of the page's ramp;
 * null where the two have not the same vertices.
 */
function distanceColours({ vertices: prediction }: Hand, truthHand: Hand | null): Float32Array | null {
  const truth = truthHand?.vertices ?? null;
  if (prediction === null || truth?.length !== prediction.length) return null;
  const ramp = Array.from({ length: 9 }, (_, step) => colourOf(`q${step}`));
  const colours = new Float32Array(prediction.length);
  distances(prediction, truth).forEach((distance, vertex) => {
    const at = Math.min(1, distance / data.farthest) * (ramp.length - 1);
    const [low, high] = [ramp[Math.floor(at)]!, ramp[Math.ceil(at)]!];
    for (let channel = 0; channel < 3; channel++) {
      colours[vertex * 3 + channel] = low[channel]! + (high[channel]! - low[channel]!) * (at % 1);
    }
  });
  return colours;
}

/** One sample's hands: what is shown, from where, on four canvases. */
class Turntable {
  readonly #card: HTMLElement;
  readonly #scene: SceneData;
  readonly #canvas: HTMLCanvasElement;
  readonly #small: readonly {
    readonly canvas: HTMLCanvasElement;
    readonly name: keyof typeof NAMED_VIEWS;
  }[];
  #yaw = 0;
  #pitch = 0;
  #zoom = 1;
  #waiting = false;
  /** The true hand of the sample that is chosen at the moment. */
  #truth: Hand | null = null;
  #prediction: Hand | null = null;
  #meshes: readonly Mesh[] = [];

  constructor(card: HTMLElement, scene: SceneData) {
    this.#card = card;
    this.#scene = scene;
    this.#canvas = card.querySelector<HTMLCanvasElement>('canvas.turn')!;
    this.#small = [...card.querySelectorAll<HTMLButtonElement>('button[data-view]')].map((button) => {
      const name = button.dataset.view as keyof typeof NAMED_VIEWS;
      button.addEventListener('click', () => this.#turnTo(NAMED_VIEWS[name]));
      return { canvas: button.querySelector('canvas')!, name };
    });
    this.#canvas.addEventListener('keydown', (event) => this.#key(event));
    this.#canvas.addEventListener('pointerdown', (event) => this.#drag(event));
    card
      .querySelectorAll('input')
      .forEach((input) => input.addEventListener('change', () => this.#drawAll()));
    drawings.push(() => this.#drawAll());
    this.#drawAll();
  }

  get #shown(): Shown {
    return (this.#card.querySelector<HTMLInputElement>('input[data-role="shown"]:checked')?.value ??
      'both') as Shown;
  }

  get #run(): number {
    return Number(this.#card.querySelector<HTMLInputElement>('input[data-role="run"]:checked')?.value ?? 0);
  }

  #turnTo({ yaw, pitch }: { readonly yaw: number; readonly pitch: number }): void {
    this.#yaw = yaw;
    this.#pitch = pitch;
    this.#zoom = 1;
    this.#drawSoon();
  }

  #turnBy(yaw: number, pitch: number): void {
    this.#yaw += yaw;
    this.#pitch = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, this.#pitch + pitch));
    this.#drawSoon();
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#turnBy(-RADIANS_A_KEY, 0),
      ArrowRight: () => this.#turnBy(RADIANS_A_KEY, 0),
      ArrowUp: () => this.#turnBy(0, -RADIANS_A_KEY),
      ArrowDown: () => this.#turnBy(0, RADIANS_A_KEY),
      '+': () => this.#zoomBy(ZOOM_A_KEY),
      '=': () => this.#zoomBy(ZOOM_A_KEY),
      '-': () => this.#zoomBy(1 / ZOOM_A_KEY),
      Home: () => this.#turnTo(NAMED_VIEWS.front),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  #zoomBy(factor: number): void {
    this.#zoom = Math.min(8, Math.max(0.5, this.#zoom * factor));
    this.#drawSoon();
  }

  #drag(event: PointerEvent): void {
    const canvas = this.#canvas;
    let [x, y] = [event.clientX, event.clientY];
    const move = (moved: PointerEvent): void => {
      this.#turnBy((moved.clientX - x) * RADIANS_A_PIXEL, (moved.clientY - y) * RADIANS_A_PIXEL);
      [x, y] = [moved.clientX, moved.clientY];
    };
    const end = (): void => canvas.removeEventListener('pointermove', move);
    canvas.setPointerCapture(event.pointerId);
    canvas.addEventListener('pointermove', move);
    canvas.addEventListener('pointerup', end, { once: true });
    canvas.addEventListener('pointercancel', end, { once: true });
  }

  #drawSoon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw(this.#canvas, this.#yaw, this.#pitch, this.#zoom, true);
    });
  }

  #drawAll(): void {
    const { step, truth, predictions } = this.#scene;
    this.#truth = unpackHand(truth, step);
    this.#prediction = unpackHand(predictions[this.#run], step);
    this.#meshes = this.#chosenMeshes();
    this.#draw(this.#canvas, this.#yaw, this.#pitch, this.#zoom, true);
    for (const { canvas, name } of this.#small) {
      const { yaw, pitch } = NAMED_VIEWS[name];
      this.#draw(canvas, yaw, pitch, 1, false);
    }
  }

  #draw(canvas: HTMLCanvasElement, yaw: number, pitch: number, zoom: number, withScale: boolean): void {
    const width = canvas.clientWidth || 120;
    const size = Math.min(MOST_PIXELS, Math.round(width * Math.max(LEAST_RATIO, devicePixelRatio)));
    canvas.width = canvas.height = size;
    const context = canvas.getContext('2d')!;
    const scale = ((size / 2) * FILLED * zoom) / this.#scene.radius;
    const picture = drawMeshes(this.#meshes, { yaw, pitch, scale }, size);
    context.putImageData(new ImageData(new Uint8ClampedArray(picture.pixels), size), 0, 0);
    this.#drawSkeletons(context, rotationOf({ yaw, pitch }), scale, size);
    if (withScale) drawScaleBar(context, scale, size, size / width);
  }

  #chosenMeshes(): Mesh[] {
    const [truth, prediction, shown] = [this.#truth, this.#prediction, this.#shown];
    const meshes: (Mesh | null)[] = [];
    if (truth !== null && (shown === 'both' || shown === 'truth' || prediction === null))
      meshes.push(meshOf(truth, colourOf('truth'), 1));
    if (prediction !== null && shown !== 'truth') {
      const measured = shown === 'distance' ? distanceColours(prediction, truth) : null;
      const colours = measured ?? colourOf(`run-${this.#run % 6}`);
      meshes.push(meshOf(prediction, colours, shown === 'both' && truth !== null ? OVERLAID : 1));
    }
    return meshes.filter((mesh) => mesh !== null);
  }

  /** Hands of which only the joints are known. */
  #drawSkeletons(
    context: CanvasRenderingContext2D,
    rotation: Float64Array,
    scale: number,
    size: number,
  ): void {
    const [truth, prediction, shown] = [this.#truth, this.#prediction, this.#shown];
    const draw = (hand: Hand | null, colour: string): void => {
      if (hand?.vertices !== null || hand.joints === null) return;
      const points = turned(hand.joints, rotation);
      context.strokeStyle = `rgb(${[...colourOf(colour)].join(' ')})`;
      context.lineWidth = Math.max(2, size / 110);
      context.lineCap = 'round';
      for (const bone of data.bones) {
        context.beginPath();
        for (const joint of bone)
          context.lineTo(size / 2 + points[joint * 3]! * scale, size / 2 - points[joint * 3 + 1]! * scale);
        context.stroke();
      }
    };
    if (shown !== 'prediction') draw(truth, 'truth');
    if (shown !== 'truth') draw(prediction, `run-${this.#run % 6}`);
  }
}

/** A length that is known: nothing is nearer than another in this view, so it holds everywhere. */
function drawScaleBar(context: CanvasRenderingContext2D, scale: number, size: number, ratio: number): void {
  const millimetres = [100, 50, 20, 10, 5, 2, 1].find((length) => length * scale <= size / 4) ?? 1;
  const length = millimetres * scale;
  const margin = 10 * ratio;
  const colour = `rgb(${[...colourOf('ink')].join(' ')})`;
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 2 * ratio;
  context.lineCap = 'butt';
  context.beginPath();
  context.moveTo(margin, size - margin);
  context.lineTo(margin + length, size - margin);
  context.stroke();
  context.font = `${11 * ratio}px system-ui, sans-serif`;
  context.fillText(`${millimetres} mm`, margin, size - margin - 5 * ratio);
}

/** The keypoints over a photograph are those of the chosen run. */
function followRun(card: HTMLElement): void {
  const inputs = [...card.querySelectorAll<HTMLInputElement>('input[data-role="run"]')];
  const show = (): void => {
    const chosen = inputs.find(({ checked }) => checked)?.value ?? '0';
    card
      .querySelectorAll<SVGElement>('[data-run]')
      .forEach((element) => element.classList.toggle('hidden', element.dataset.run !== chosen));
  };
  inputs.forEach((input) => input.addEventListener('change', show));
  show();
}

/** Drawn when it comes into sight: a page may hold a hundred hands. */
function startCards(): void {
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        const card = target as HTMLElement;
        const scene = data.scenes[card.dataset.scene ?? ''];
        if (scene !== undefined) new Turntable(card, scene);
      }
    },
    { rootMargin: '300px' },
  );
  document.querySelectorAll<HTMLElement>('.sample').forEach((card) => {
    followRun(card);
    if (card.dataset.scene !== undefined) seen.observe(card);
  });
}

const THEMES = ['auto', 'light', 'dark'] as const;
const THEME_KEY = 'hamba-eval-report-theme';

function startTheme(): void {
  const root = document.documentElement;
  const button = document.querySelector<HTMLButtonElement>('#theme')!;
  const apply = (theme: string): void => {
    if (theme === 'auto') delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    redraw();
  };
  let theme: string = THEMES.find((name) => name === remembered()) ?? 'auto';
  button.hidden = false;
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.findIndex((name) => name === theme) + 1) % THEMES.length]!;
    try {
      localStorage.setItem(THEME_KEY, theme);
    } catch {
      // A page from a file may be forbidden to remember anything.
    }
    apply(theme);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  apply(theme);
}

function remembered(): string | null {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null;
  }
}

startTheme();
startCards();
let resized = 0;
addEventListener('resize', () => {
  clearTimeout(resized);
  resized = setTimeout(redraw, 150);
});
