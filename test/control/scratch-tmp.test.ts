import { test } from "vitest";
import { avalon, bitaxe, BenchHome, makeConfig, MIDNIGHT, peakEvent } from "./bench-home.ts";
// 2R2C room with fast air
class Room2 extends BenchHome {
  mass = 20;
  noise = 1;
}
function day(label: string, extra: object, outdoor: (h: number) => number, pv: (h: number) => number, ua = 33) {
  const home = new Room2(makeConfig({ miners: [avalon, bitaxe], circuits: [{ name: "main", breakerA: 15, voltageV: 120, rated100: false, otherW: 0 }] }), { startMs: MIDNIGHT, roomC: 20 });
  let seed = 7;
  const rnd = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);
  let air = 20, mass = 19, sensor = 20, low = 99, high = -99, report = 20;
  const codes: Record<string, number> = {};
  let n = 0; const t0 = performance.now(); let dt = 0;
  home.run(86400, (r) => {
    const h = (home.wallMs - MIDNIGHT) / 3.6e6;
    home.world.outdoorC = outdoor(h); home.world.pvW = pv(h) * (0.6 + 0.4 * Math.sign(Math.sin(h * 40))) ; home.world.loadW = 200 + 150 * Math.sin(h * 9);
    for (let i = 0; i < 5; i++) {
      const q = home.minersW + 60;
      const dA = (120 * (mass - air) + 12 * (home.world.outdoorC - air) + q) / 0.5e6;
      mass += (120 * (air - mass) + 25 * (home.world.outdoorC - mass)) / 3e6;
      air += dA;
    }
    sensor += (air - sensor) * (1 - Math.exp(-5 / 300));
    if (n++ % 12 === 0) report = Math.round((sensor + 0.05 * (rnd() + rnd() + rnd() - 1.5) * 2) * 10) / 10;
    home.world.roomC = report;
    low = Math.min(low, air); high = Math.max(high, air);
    codes[r.decision.reason.code] = (codes[r.decision.reason.code] ?? 0) + 1;
    home.world.extra = { ...extra };
    if (process.env["EVT"] === label) for (const c of r.commands) if (c.miner === "heater" && c.action !== "set") { const z = home.state.zones["home"]; console.log(h.toFixed(2), c.action, c.targetW, c.code, air.toFixed(2), "rung", z?.rungW, "owed", z?.owedJ.toFixed(0), "slow", z?.slowW?.toFixed(0), "dem", z?.demandW.toFixed(0), r.decision.reason.code, "S", r.decision.inputs.surplusW, r.decision.inputs.marginW); }
    if (process.env["TRACE"] && n % 180 === 0) console.log(h.toFixed(2), air.toFixed(2), mass.toFixed(2), home.minersW.toFixed(0), r.decision.reason.code, "|", r.decision.reason.text, "|", r.decision.notHigher?.text, "|", r.decision.notLower?.text, "|", r.decision.next?.text);
  });
  console.log(label, "low", low.toFixed(2), "high", high.toFixed(2), "starts", home.devices.map((d) => d.starts), "ms", (performance.now() - t0).toFixed(0), JSON.stringify(codes));
}
const P = (i: number, e: number, m: number) => ({ prices: { importUsdKwh: i, exportUsdKwh: e, highestImportUsdKwh: 0.2 }, minedUsdKwh: m });
const ev = (o: object) => [peakEvent({ startMs: MIDNIGHT + 17 * 3.6e6, endMs: MIDNIGHT + 19 * 3.6e6, ...o })];
test("days", { timeout: 60000 }, () => {
  const cold = (h: number) => -8 + 5 * Math.sin(((h - 9) / 24) * 6.28);
  const mild = (h: number) => 10 + 5 * Math.sin(((h - 9) / 24) * 6.28);
  const sun = (h: number) => Math.max(0, 2500 * Math.sin(((h - 7) / 10) * 3.14)) * (h > 7 && h < 17 ? 1 : 0);
  day("cold priced", P(0.12, 0.03, 0.1), cold, sun);
  day("cold unknown", { events: ev({}) }, cold, sun);
  day("mild priced", { ...P(0.12, 0.03, 0.1), events: ev({}) }, mild, sun);
  day("mild mid", { ...P(0.2, 0.03, 0.02), events: ev({}) }, mild, sun);
  day("mild unknown", { events: ev({}) }, mild, sun);
  day("mild unknown dark", { events: ev({}) }, mild, () => 0);
  day("cold off", { ...P(0.12, 0.03, 0.1), events: ev({ type: "off" }) }, cold, sun);
});
