import { PassThrough, Writable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import type { DashboardView } from "#src/model/view.ts";
import { runDashboard } from "#src/tui/run-dashboard.tsx";
import { sampleView } from "./sample-view.ts";

/** A terminal of 80 by 24 that keeps what is written to it. */
function fakeTerminal() {
  let written = "";
  const stdout = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    }),
    { isTTY: true, columns: 80, rows: 24 },
  );
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => void modes.push(isRaw),
    ref: () => undefined,
    unref: () => undefined,
  });
  return {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    written: () => written,
    modes,
    press: (keys: string) => stdin.write(keys),
    resize(columns: number, rows: number) {
      Object.assign(stdout, { columns, rows });
      stdout.emit("resize");
    },
  };
}

/** Views that a test hands out one by one. */
function viewSource() {
  const ready: DashboardView[] = [];
  let wake: () => void = () => undefined;
  let isEnded = false;
  let failure: Error | null = null;
  async function* views() {
    while (true) {
      const view = ready.shift();
      if (view !== undefined) yield view;
      else if (failure !== null) throw failure;
      else if (isEnded) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    views: views(),
    push(...more: DashboardView[]) {
      ready.push(...more);
      wake();
    },
    end() {
      isEnded = true;
      wake();
    },
    fail(error: Error) {
      failure = error;
      wake();
    },
  };
}

const ENTER_SCREEN = "\u001b[?1049h";
const LEAVE_SCREEN = "\u001b[?1049l";
const SHOW_CURSOR = "\u001b[?25h";

describe("the live dashboard", () => {
  it("leaves by q, tells the caller at once, and restores screen, cursor and keyboard", async () => {
    const terminal = fakeTerminal();
    const source = viewSource();
    const onQuit = vi.fn();
    source.push(sampleView);
    const ended = runDashboard({
      views: source.views,
      stdout: terminal.stdout,
      stdin: terminal.stdin,
      onQuit,
    });
    await vi.waitFor(() => expect(terminal.written()).toContain("Cottonwood Lane 12"));
    terminal.press("q");
    await expect(ended).resolves.toBe("quit");
    expect(onQuit).toHaveBeenCalledExactlyOnceWith("quit");
    expect(terminal.written()).toContain(ENTER_SCREEN);
    expect(terminal.written().lastIndexOf(LEAVE_SCREEN)).toBeGreaterThan(
      terminal.written().indexOf(ENTER_SCREEN),
    );
    expect(terminal.written()).toContain(SHOW_CURSOR);
    expect(terminal.modes.at(-1)).toBe(false);
  });

  it("calls Ctrl-C an interruption", async () => {
    const terminal = fakeTerminal();
    const source = viewSource();
    source.push(sampleView);
    const ended = runDashboard({ views: source.views, stdout: terminal.stdout, stdin: terminal.stdin });
    await vi.waitFor(() => expect(terminal.written()).toContain("Cottonwood"));
    terminal.press("\u0003");
    await expect(ended).resolves.toBe("interrupted");
  });

  it("ends with the views, also when there never was one", async () => {
    const terminal = fakeTerminal();
    const source = viewSource();
    source.end();
    await expect(runDashboard({ views: source.views, ...streams(terminal) })).resolves.toBe("ended");
    expect(terminal.written()).toBe("");
    const second = viewSource();
    second.push(sampleView);
    second.end();
    await expect(runDashboard({ views: second.views, ...streams(terminal) })).resolves.toBe("ended");
    expect(terminal.written()).toContain(LEAVE_SCREEN);
  });

  it("restores the screen before it passes on a failure of the views", async () => {
    const terminal = fakeTerminal();
    const source = viewSource();
    source.push(sampleView);
    source.fail(new Error("the socket is gone"));
    await expect(runDashboard({ views: source.views, ...streams(terminal) })).rejects.toThrow(
      "the socket is gone",
    );
    expect(terminal.written()).toContain(LEAVE_SCREEN);
  });

  it("ends when the terminal goes away", async () => {
    const terminal = fakeTerminal();
    const source = viewSource();
    source.push(sampleView);
    const ended = runDashboard({ views: source.views, ...streams(terminal) });
    await vi.waitFor(() => expect(terminal.written()).toContain("Cottonwood"));
    terminal.stdout.emit("error", new Error("EPIPE"));
    await expect(ended).resolves.toBe("ended");
  });

  it("draws the newest of many views, opens its help and follows the size of the window", async () => {
    const terminal = fakeTerminal();
    const source = viewSource();
    source.push(sampleView);
    const ended = runDashboard({ views: source.views, ...streams(terminal), env: { NO_COLOR: "1" } });
    await vi.waitFor(() => expect(terminal.written()).toContain("Cottonwood"));
    source.push(
      ...Array.from({ length: 200 }, (_, index) => ({ ...sampleView, home: `Home number ${index}` })),
    );
    await vi.waitFor(() => expect(terminal.written()).toContain("number 199"));
    expect(terminal.written()).not.toContain("number 100");
    terminal.press("?");
    await vi.waitFor(() => expect(terminal.written()).toContain("this page, and back"));
    terminal.press("?");
    terminal.resize(120, 40);
    await vi.waitFor(() => expect(terminal.written()).toContain("Grid, importing up"));
    terminal.press("q");
    await ended;
  });
});

function streams({ stdout, stdin }: ReturnType<typeof fakeTerminal>) {
  return { stdout, stdin };
}
