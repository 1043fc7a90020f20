/** One rung of an Avalon home unit (miners.md §6.3). Draws are first guesses at the wall, W. */
export interface AvalonStep {
  label: string;
  /** Null: this lever does not exist on the model. */
  workMode: number | null;
  workLevel: number | null;
  /** `MPO` of the step where it is documented; null until the device told it. */
  targetW: number | null;
  wallW: number;
}

/** What differs between the home units (miners.md §6.1). */
export interface AvalonModel {
  /** Start of `Ver[…]` and value of `MODEL`, in lower case. */
  key: string;
  /** By rising draw. Never a mode with a thermostat of its own: two masters of one heater fight. */
  steps: AvalonStep[];
  /** Words of every mode and level the unit may be found in. */
  modeWords: Record<number, string>;
  levelWords: Record<number, string>;
  /** No draw above this is a true one, W: a supply that tells more was read at the wrong place. */
  highestW: number;
  /** Fans and control board at soft-off, W; a guess until a meter says otherwise (miners.md §6.2). */
  idleW: number;
  /** The password of the web user is sent as a voucher made from its hash (miners.md §6.5). */
  usesVoucher: boolean;
  /** `led,1-1` lights its lamp. The Nano 3 has another grammar for that word, which sets the colour of its light [?]. */
  hasPlainLamp: boolean;
  /** It tells its adapter's volts where others tell board watts, and so its watts one place earlier [?]. */
  hasEarlyWatts: boolean;
}

/** Settings of power as a device tells them. */
export interface ToldTargets {
  workMode: number | null;
  workLevel: number | null;
  /** `MPO`: of the present mode, W. */
  targetW: number | null;
  /** First figure of `ATA<n>`: tuning target of that mode, W. */
  tuningW: ReadonlyMap<number, number>;
}

/** Draw of unknown models above which a figure is no reading, W. */
const HIGHEST_W = 6000;
const IDLE_W = 15;

const NAMED_LEVELS = { 0: "low", 1: "mid", 2: "high" };
const COMMON = { idleW: IDLE_W, usesVoucher: false, hasPlainLamp: true, hasEarlyWatts: false };

const MODELS: readonly AvalonModel[] = [
  {
    key: "mini3",
    steps: [
      { label: "night/eco", workMode: 2, workLevel: -1, targetW: null, wallW: 410 },
      { label: "night/super", workMode: 2, workLevel: 0, targetW: null, wallW: 550 },
      { label: "mining/eco", workMode: 1, workLevel: -1, targetW: null, wallW: 640 },
      { label: "mining/super", workMode: 1, workLevel: 0, targetW: null, wallW: 820 },
    ],
    modeWords: { 0: "heating", 1: "mining", 2: "night" },
    levelWords: { 0: "super", [-1]: "eco" },
    highestW: 1500,
    ...COMMON,
  },
  {
    key: "q",
    steps: [
      { label: "eco", workMode: 0, workLevel: null, targetW: 800, wallW: 840 },
      { label: "standard", workMode: 1, workLevel: null, targetW: 1300, wallW: 1365 },
      { label: "super", workMode: 2, workLevel: null, targetW: 1600, wallW: 1670 },
    ],
    modeWords: { 0: "eco", 1: "standard", 2: "super" },
    levelWords: {},
    highestW: 2500,
    ...COMMON,
  },
  {
    key: "nano3s",
    steps: [
      { label: "low", workMode: 0, workLevel: null, targetW: null, wallW: 65 },
      { label: "mid", workMode: 1, workLevel: null, targetW: null, wallW: 100 },
      { label: "high", workMode: 2, workLevel: null, targetW: null, wallW: 140 },
    ],
    modeWords: NAMED_LEVELS,
    levelWords: {},
    highestW: 300,
    ...COMMON,
    idleW: 5,
  },
  {
    key: "nano3",
    steps: [
      { label: "low", workMode: null, workLevel: 0, targetW: null, wallW: 65 },
      { label: "mid", workMode: null, workLevel: 1, targetW: null, wallW: 100 },
      { label: "high", workMode: null, workLevel: 2, targetW: null, wallW: 140 },
    ],
    modeWords: {},
    levelWords: NAMED_LEVELS,
    highestW: 300,
    idleW: 5,
    usesVoucher: true,
    hasPlainLamp: false,
    hasEarlyWatts: true,
  },
];

/** The model whose `MODEL`, `PROD` or `Ver[…]` this is; null for rack units and models that are not known here. */
export function avalonModel(word: string | null): AvalonModel | null {
  const key = word
    ?.toLowerCase()
    .split("-")[0]
    ?.replaceAll(/^\s*avalon|\s/g, "");
  return MODELS.find((model) => model.key === key) ?? null;
}

/** Draw above which a figure of this model is no reading, W. */
export function highestWatts(model: AvalonModel | null): number {
  return model?.highestW ?? HIGHEST_W;
}

/** Draw at rest, W. */
export function idleWatts(model: AvalonModel | null): number {
  return model?.idleW ?? IDLE_W;
}

/** Index of the step with these levers; null in a mode that is none of the steps. */
export function stepOf(model: AvalonModel | null, mode: number | null, level: number | null): number | null {
  const index = model?.steps.findIndex(
    (step) =>
      (step.workMode === null || step.workMode === mode) &&
      (step.workLevel === null || step.workLevel === level),
  );
  return index === undefined || index < 0 ? null : index;
}

/**
 * The target of each step, W: `MPO` for the present one, else its tuning target where that surely is its own. Figures
 * that do not rise with the steps are not believed, as `MPO` of the mode before: by them a wish could pick a stronger
 * step than it allows.
 */
export function stepTargets(model: AvalonModel, told: ToldTargets): (number | null)[] {
  const targets = toldTargets(model, told);
  const known = targets.filter((targetW) => targetW !== null);
  const isRising = known.every((targetW, place) => place === 0 || targetW > (known[place - 1] ?? 0));
  return isRising ? targets : model.steps.map(({ targetW }) => targetW);
}

function toldTargets(model: AvalonModel, told: ToldTargets): (number | null)[] {
  const present = stepOf(model, told.workMode, told.workLevel);
  return model.steps.map((step, index) => {
    if (index === present && told.targetW !== null) return told.targetW;
    // Where mode and level mix, the mode's number does not say of which level its target is.
    const isSoleLever = step.workMode === null || step.workLevel === null;
    const number = step.workMode ?? step.workLevel;
    const tuned = isSoleLever && number !== null ? told.tuningW.get(number) : undefined;
    return tuned ?? step.targetW;
  });
}

/** The firmware's word for a mode, as `mining/super`; numbers where no word is known. */
export function modeWord(
  model: AvalonModel | null,
  mode: number | null,
  level: number | null,
): string | null {
  if (mode === null && level === null) return null;
  const words: string[] = [];
  if (mode !== null && (model === null || Object.keys(model.modeWords).length > 0)) {
    words.push(model?.modeWords[mode] ?? `mode ${mode}`);
  }
  if (level !== null && (model === null || Object.keys(model.levelWords).length > 0)) {
    words.push(model?.levelWords[level] ?? `level ${level}`);
  }
  return words.join("/") || null;
}
