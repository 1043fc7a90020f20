import { Box, Text, type TextProps } from "ink";
import type { DashboardView } from "../model/view.ts";
import { frameLines } from "./layout.ts";
import type { Line, Span, Tone } from "./line.ts";

export interface DashboardProps {
  view: DashboardView;
  /** Size of the terminal; the root box has exactly this size, so that a resize leaves nothing behind. */
  columns: number;
  rows: number;
  /** Time of the picture, epoch ms: for the clock and countdowns. */
  now: number;
  /** Shows the page of keys and signs instead. */
  isHelp?: boolean;
  /** False: no colours at all; words and shapes say the same. */
  hasColor?: boolean;
  /** Real seconds without a new picture; null while they come. */
  silentS?: number | null;
}

/** The dashboard as one picture; it holds no state and reads no clock. */
export function Dashboard(props: DashboardProps) {
  const { view, columns, rows, now, isHelp = false, hasColor = true, silentS = null } = props;
  const lines = frameLines(
    view,
    { columns, rows },
    { isHelp, silentS, nowMs: Number.isFinite(now) ? now : null },
  );
  return (
    <Box width={columns} height={rows} flexDirection="column" overflow="hidden">
      {numbered(lines).map(({ at, item }) => (
        <Row key={at} line={item} hasColor={hasColor} />
      ))}
    </Box>
  );
}

function Row({ line, hasColor }: { line: Line; hasColor: boolean }) {
  return (
    <Text wrap="truncate-end">
      {numbered(line).map(({ at, item }) => (
        <Text key={at} {...looks(item, hasColor)}>
          {item.text}
        </Text>
      ))}
    </Text>
  );
}

/** Rows and pieces have no name but their place. */
function numbered<Item>(items: readonly Item[]): { at: number; item: Item }[] {
  return items.map((item, at) => ({ at, item }));
}

function looks({ tone, isBold = false }: Span, hasColor: boolean): TextProps {
  const color = tone === undefined || !hasColor ? undefined : toneColors[tone];
  return {
    bold: isBold,
    dimColor: tone === "label",
    ...(color === undefined ? {} : { color }),
  };
}

/** Names where the terminal's own theme may choose the shade; heat is the one colour of ours, chosen to stay orange in 256 colours. */
const toneColors: Record<Tone, string | undefined> = {
  label: undefined,
  heat: "#d97f45",
  sun: "yellow",
  grid: "blue",
  room: "cyan",
  coop: "cyan",
  good: "green",
  warn: "yellow",
  bad: "red",
};
