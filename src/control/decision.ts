import type { AgeClass, Decision, MinerDecision } from "../model/decision.ts";
import { alarmsOf } from "./alarms.ts";
import type { Allocation } from "./allocate.ts";
import { allowedW, type Budget } from "./budget.ts";
import { type EventPicture, eventLimitW } from "./events.ts";
import { margin } from "./expectation.ts";
import type { Tick } from "./inputs.ts";
import { powerOverride } from "./overrides.ts";
import type { Pricing } from "./pricing.ts";
import { blockBound, type Reasons, tightestBound, wattsOf, wishOf } from "./reasons.ts";
import { isWaking } from "./shape.ts";
import type { Supervised } from "./supervise.ts";
import type { Surplus } from "./surplus.ts";
import { clockText, spanText } from "./words.ts";

/** All that a tick found out, for the record. */
export interface Findings {
  budget: Budget;
  miners: Supervised[];
  surplus: Surplus;
  events: EventPicture;
  prices: Pricing[];
  allocation: Allocation;
  reasons: Reasons;
}

/** The decision record of one tick (control.md §13). */
export function describe(tick: Tick, findings: Findings): Decision {
  const { budget, miners, reasons } = findings;
  const totalW = miners.reduce((sum, miner) => sum + miner.memory.targetW, 0);
  const floorW = budget.zones.reduce(
    (sum, zone) => sum + (zone.lo ? Math.min(zone.lo.w, wattsOf(findings.allocation, zone)) : 0),
    0,
  );
  const overW = budget.eventLimitW === null ? 0 : Math.max(0, floorW - budget.eventLimitW);
  const { code, layer, text } = reasons.main;
  return {
    wallMs: tick.wallMs,
    totalW: tidy(totalW),
    budgetW: tidy(Math.max(allowedW(budget), heldW(findings))),
    reason: { code, layer, text },
    notHigher: notHigher(findings),
    notLower: notLower(findings, totalW),
    next: nextChange(tick, findings),
    inputs: inputsOf(tick, findings),
    zones: budget.zones.map((zone) => ({
      name: zone.rules.name,
      roomC: zone.roomC,
      setC: zone.setC,
      floorC: zone.rules.floorC,
    })),
    miners: miners.map((miner) => minerDecision(tick, miner, reasons)),
    alarms: alarmsOf(tick, findings),
    floorOverEventW: tidy(overW),
  };
}

/** What a minimum run time keeps above a soft bound; hard bounds never leave any. */
function heldW({ budget, allocation }: Findings): number {
  let sum = 0;
  for (const zone of budget.zones) {
    const isHeld = zone.miners.some(({ profile }) => allocation.choices[profile.name]?.downBlock);
    if (isHeld && zone.softHi) sum += wattsOf(allocation, zone);
  }
  return Math.min(sum, budget.fleetHi?.w ?? sum);
}

function notHigher({ budget, allocation, reasons }: Findings): Decision["notHigher"] {
  const zone = reasons.mainZone;
  if (!zone) return null;
  const givenW = wattsOf(allocation, zone);
  const tight = tightestBound(budget, zone);
  const { main } = reasons;
  const wishW = wishOf(zone);
  if (givenW >= zone.maxW) return null;
  if (tight && tight.w < wishW) return { code: tight.code, atW: tidy(tight.w), text: tight.text };
  const next = tight ? ` (next: ${tight.text})` : "";
  const isStep = givenW > 0 && givenW < wishW && main.layer !== "shaping" && main.layer !== "system";
  if (isStep)
    return {
      code: "SHAPE_MODE_STEP",
      atW: tidy(wishW),
      text: `the next step would be above ${Math.round(wishW)} W${next}`,
    };
  return { code: main.code, atW: tidy(givenW), text: `${main.text}${next}` };
}

function notLower({ budget, allocation, miners }: Findings, totalW: number): Decision["notLower"] {
  if (totalW <= 0) return null;
  for (const miner of miners) {
    const block = allocation.choices[miner.profile.name]?.downBlock;
    if (!block || miner.memory.targetW === 0 || block.code === "DEVICE_UNREACHABLE") continue;
    const bound = blockBound(block, miner.profile.minW);
    return { code: bound.code, atW: tidy(bound.w), text: bound.text };
  }
  for (const zone of budget.zones) {
    const bound = zone.lo ?? zone.want;
    if (bound && bound.w > 0) return { code: bound.code, atW: tidy(bound.w), text: bound.text };
  }
  return null;
}

type Next = NonNullable<Decision["next"]>;

/** The soonest change that comes by itself; the end of a minimum run time only when nothing else is known. */
function nextChange(tick: Tick, findings: Findings): Decision["next"] {
  const found = [...eventChanges(tick, findings.events), ...overrideEnds(tick)];
  const late: Next[] = [];
  for (const choices of Object.values(findings.allocation.choices)) {
    const { upBlock, downBlock, miner } = choices;
    if (upBlock?.leftS != null) {
      found.push({
        code: upBlock.code,
        inS: upBlock.leftS,
        text: `${miner.profile.name} may rise in ${spanText(upBlock.leftS)}: ${upBlock.text}`,
      });
    }
    if (downBlock?.leftS != null && downBlock !== upBlock) {
      late.push({
        code: downBlock.code,
        inS: downBlock.leftS,
        text: `${miner.profile.name} may stop in ${spanText(downBlock.leftS)}: ${downBlock.text}`,
      });
    }
  }
  const soonest = (list: Next[]) =>
    list.reduce<Next | null>((best, entry) => (best && best.inS <= entry.inS ? best : entry), null);
  const next = soonest(found) ?? soonest(late);
  return next && { ...next, inS: Math.max(0, Math.round(next.inS)) };
}

function eventChanges(tick: Tick, events: EventPicture): Next[] {
  const changes: Next[] = [];
  if (events.next) {
    const { event, inS, rampInS } = events.next;
    const limitW = eventLimitW(event) ?? 0;
    const end = event.endMs === null ? "" : `-${clockText(tick, (event.endMs - tick.wallMs) / 1000)}`;
    const what = event.type === "off" ? "switches off" : `limits to ${Math.round(limitW)} W`;
    const ramp = rampInS > 0 ? `, ramp down starts ${clockText(tick, rampInS)}` : "";
    const text = `co-op event ${clockText(tick, inS)}${end} ${what}${ramp}`;
    changes.push({
      code: event.type === "off" ? "COOP_OFF" : "COOP_LIMIT",
      inS: rampInS > 0 ? rampInS : inS,
      text,
    });
  }
  for (const event of events.active) {
    if (event.endMs === null || event.type === "raise") continue;
    const inS = (event.endMs - tick.wallMs) / 1000;
    changes.push({ code: "COOP_SNAPBACK_DELAY", inS, text: `co-op event ends ${clockText(tick, inS)}` });
  }
  const { hold } = tick.state.coop;
  if (hold) {
    const inS = (hold.untilMono - tick.monoMs) / 1000;
    changes.push({ code: "SHAPE_RAMP", inS, text: `rising again from ${clockText(tick, inS)}` });
  }
  return changes;
}

function overrideEnds(tick: Tick): Next[] {
  return tick.snapshot.overrides.flatMap((override): Next[] => {
    if (override.untilMs === null || !(override.untilMs > tick.wallMs)) return [];
    const inS = (override.untilMs - tick.wallMs) / 1000;
    return [{ code: "MANUAL_EXPIRED", inS, text: `your ${override.kind} ends ${clockText(tick, inS)}` }];
  });
}

function inputsOf(tick: Tick, { budget, prices, surplus, reasons }: Findings): Decision["inputs"] {
  const { inputs } = tick;
  const index = reasons.mainZone ? budget.zones.indexOf(reasons.mainZone) : 0;
  const price = prices[index];
  const ages: Record<string, AgeClass> = {
    grid: inputs.grid.age,
    pv: inputs.pv.age,
    outdoor: inputs.outdoor.age,
  };
  if (inputs.hasBattery) {
    ages["battery"] = inputs.battery.age;
    ages["soc"] = inputs.soc.age;
  }
  for (const zone of budget.zones)
    ages[`room:${zone.rules.name}`] = inputs.rooms[zone.rules.name]?.age ?? "lost";
  return {
    surplusW: rounded(surplus.nowW),
    marginW: price && surplus.basis === "meter" ? rounded(margin(tick, price.alpha)) : null,
    alpha: price ? price.alpha : null,
    importUsdKwh: price?.importUsd ?? null,
    exportUsdKwh: price?.exportUsd ?? null,
    mineUsdKwh: price?.mineUsd ?? null,
    roomC: reasons.mainZone?.roomC ?? null,
    outdoorC: inputs.outdoor.value,
    gridW: inputs.grid.value,
    pvW: inputs.pv.value,
    ages,
  };
}

function minerDecision(tick: Tick, miner: Supervised, reasons: Reasons): MinerDecision {
  const { profile, memory, reading } = miner;
  const isKnown = reading !== null && memory.isMeasured;
  return {
    name: profile.name,
    state: stateOf(tick, miner),
    powerW: isKnown ? memory.powerW : null,
    targetW: tidy(memory.targetW),
    code: reasons.ofMiner(miner).code,
  };
}

function stateOf(tick: Tick, miner: Supervised): MinerDecision["state"] {
  const { profile, memory, isReachable } = miner;
  if (!isReachable) return "unreachable";
  if (memory.tripCode !== null) return "fault";
  if (powerOverride(tick, profile.name) !== null) return "manual";
  if (memory.targetW === 0) return memory.commitment ? "stopping" : "off";
  if (isWaking(tick, miner)) return "waking";
  return memory.commitment ? "ramping" : "tracking";
}

function rounded(value: number | null): number | null {
  return value === null ? null : tidy(value);
}

/** Tenths of a watt, and no negative zero, so that records of equal runs are equal bytes. */
function tidy(value: number): number {
  return Math.round(value * 10) / 10 + 0;
}
