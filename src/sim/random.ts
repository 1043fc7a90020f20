/**
 * Seeded luck for the emulated home. One named stream per device and purpose, so that the order in which
 * devices draw does not change what each of them gets (control.md §14).
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Normal with the given mean and standard deviation. */
  gaussian(mean: number, deviation: number): number;
  /** Exponential with mean 1: the wait for the next event of a Poisson process, in units of its mean. */
  exponential(): number;
  /** Whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** Number of events when `mean` are expected. */
  poisson(mean: number): number;
  /** Independent stream of that name; the same seed and name give the same stream at any time. */
  fork(name: string): Random;
}

/** Generator `sfc32` with its state drawn from the seed and the stream's name. */
export function createRandom(seed: number, name = ""): Random {
  const next = sfc32(hashText(`${seed}/${name}`));
  const exponential = () => -Math.log(1 - next());
  return {
    next,
    exponential,
    gaussian: gaussianFrom(next),
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
    poisson: (mean) => poissonFrom(exponential, mean),
    fork: (child) => createRandom(seed, `${name}/${child}`),
  };
}

function gaussianFrom(next: () => number): Random["gaussian"] {
  let spare: number | null = null;
  return (mean, deviation) => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return mean + deviation * value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return mean + deviation * radius * Math.cos(angle);
  };
}

function poissonFrom(exponential: () => number, mean: number): number {
  let count = 0;
  for (let sum = exponential(); sum < mean; sum += exponential()) count += 1;
  return count;
}

/** FNV-1a with a final avalanche, run four times over different starts: 128 bits of state. */
function hashText(text: string): [number, number, number, number] {
  const word = (start: number) => {
    let hash = start;
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
    hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
  return [word(0x811c9dc5), word(0x9e3779b9), word(0x85ebca6b), word(0xc2b2ae35)];
}

function sfc32([first, second, third, fourth]: [number, number, number, number]): () => number {
  let [a, b, c, d] = [first | 0, second | 0, third | 0, fourth | 0];
  const step = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  // The first outputs still show the start state.
  for (let round = 0; round < 15; round += 1) step();
  return step;
}
