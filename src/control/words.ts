import type { Layer, ReasonCode } from "../model/reason.ts";
import type { Tick } from "./inputs.ts";

/** "4 min 10 s", "45 s", "2 h 5 min" from seconds; never negative. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Local civil time `inS` from now as "17:00", with seconds where they are not zero. */
export function clockText(tick: Tick, inS: number): string {
  // Offsets of zones are whole minutes, so the seconds of the epoch are those of the local clock.
  const secondOfDay = tick.snapshot.local.minuteOfDay * 60 + ((tick.wallMs / 1000) % 60);
  const whole = ((Math.round(secondOfDay + inS) % 86_400) + 86_400) % 86_400;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const seconds = whole % 60;
  const text = `${two(whole / 3600)}:${two((whole % 3600) / 60)}`;
  return seconds === 0 ? text : `${text}:${two(seconds)}`;
}

/** The layer that a reason without a bound of its own belongs to. */
export function layerOf(code: ReasonCode): Layer {
  if (code.startsWith("SAFE_")) return "safety";
  if (code.startsWith("SHAPE_")) return "shaping";
  if (code.startsWith("COOP_")) return "coop";
  if (code.startsWith("MANUAL_")) return "manual";
  return "system";
}
