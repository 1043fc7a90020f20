import { accessError } from "../model/errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { flag } from "../model/parse.ts";
import { askBoard } from "./esp-board.ts";

/**
 * Telemetry before a write. Throws `MINER_OTP_REQUIRED` (exit 5) where the owner has switched one-time codes on: no
 * code is held here and none is ever guessed, since five wrong ones lock the board for minutes (miners.md §5).
 */
export async function askWritable(link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  const info = await askBoard(link, signal);
  if (flag(info, "otp") !== true) return info;
  throw accessError(
    "MINER_OTP_REQUIRED",
    `The miner at ${link.where} wants a one-time code for each change.`,
    {
      left: "Nothing was changed; it is still read",
      hint: "Switch the one-time password (OTP) off on the miner's own page, under Security",
    },
  );
}
