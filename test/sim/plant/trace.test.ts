import { describe, expect, test } from "vitest";
import { parseTrace } from "#src/app/simulate-trace.ts";
import { TraceCursor } from "#src/sim/plant/trace.ts";

function read(text: string) {
  const trace = parseTrace(text, "test.csv");
  const cursor = new TraceCursor(trace);
  const { pv_w: pv, load_w: load } = trace.columns;
  return (nowS: number) => {
    cursor.seek(nowS);
    return [pv === null ? null : cursor.linear(pv, nowS), load === null ? null : cursor.held(load)];
  };
}

describe("a trace between its rows", () => {
  test("is linear for the sun and held for the household; the last row lasts one row-step", () => {
    const at = read("t,pv_w,load_w\n0,0,100\n60,600,200\n120,0,300\n");

    expect(at(0)).toEqual([0, 100]);
    expect(at(30)).toEqual([300, 100]);
    expect(at(60)).toEqual([600, 200]);
    expect(at(105)).toEqual([150, 200]);
    expect(at(175)).toEqual([0, 300]);
    expect(parseTrace("t,pv_w\n0,0\n60,1\n120,2\n", "x").durationS).toBe(180);
  });

  test("an empty cell is unknown for its row, and the row before it is held", () => {
    const at = read("t,pv_w,load_w\n0,100,1\n60,,\n120,300,3\n");

    expect(at(30)).toEqual([100, 1]);
    expect(at(60)).toEqual([Number.NaN, Number.NaN]);
    expect(at(119)).toEqual([Number.NaN, Number.NaN]);
    expect(at(120)).toEqual([300, 3]);
  });

  test("rows that are missing are unknown after one row-step", () => {
    const at = read("t,pv_w,load_w\n0,100,1\n60,200,2\n120,300,3\n900,400,4\n960,500,5\n");

    expect(at(150)).toEqual([300, 3]);
    expect(at(180)).toEqual([Number.NaN, Number.NaN]);
    expect(at(895)).toEqual([Number.NaN, Number.NaN]);
    expect(at(930)).toEqual([450, 4]);
  });
});
