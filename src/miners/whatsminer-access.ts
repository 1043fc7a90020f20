import type { HearthError } from "../model/errors.ts";
import { minerPasswordWrong, minerWritesOff } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions } from "../model/miner-link.ts";
import { passwordOf } from "./login.ts";

/** A password that was refused is kept away from the device for so long, ms. */
const REFUSED_MS = 900_000;

/** The password for writes, and whether it may be tried. */
export interface Access {
  password: string;
  /** Throws `MINER_PASSWORD_WRONG` while the device has refused it a short time ago: then nothing is sent. */
  check(link: DeviceLink): void;
  /** The device has just refused it; the error to throw. */
  refused(link: DeviceLink): HearthError;
}

/** `factory` is tried once when no password is given (interfaces.md §6). */
export function createAccess(options: DriverOptions, factory: string): Access {
  const { password, isFactory } = passwordOf(options, factory);
  let refusal: { error: HearthError; mono: number } | null = null;
  return {
    password,
    check(link) {
      if (refusal && link.pace.monoMs() - refusal.mono < REFUSED_MS) throw refusal.error;
      refusal = null;
    },
    refused(link) {
      refusal = { error: minerPasswordWrong(link.where, isFactory), mono: link.pace.monoMs() };
      return refusal.error;
    },
  };
}

/** `MINER_WRITES_OFF`: how the owner allows changes. There are ways around the switch; they are not taken. */
export function apiSwitchOff(link: DeviceLink): HearthError {
  return minerWritesOff(
    link.where,
    "Enable it with the vendor's WhatsMinerTool: Remote Ctrl, Miner API Switch; older firmware wants the admin password changed once",
  );
}
