import type { CgminerAnswer } from "./cgminer-wire.ts";
import type { AtmSettings, LuxosDevice, StoredGroup } from "./luxos-device.ts";
import { chooseProfile, luxosProfiles } from "./luxos-profiles.ts";
import {
  atmAnswer,
  configAnswer,
  devsAnswer,
  eventsAnswer,
  fansAnswer,
  groupsAnswer,
  poolsAnswer,
  powerAnswer,
  profilesAnswer,
  read,
  summaryAnswer,
  tempsAnswer,
  versionAnswer,
} from "./luxos-replies.ts";

type Read = (device: LuxosDevice) => CgminerAnswer;
type Write = (device: LuxosDevice, fields: string[]) => CgminerAnswer;

const reads: Record<string, Read> = {
  version: versionAnswer,
  config: configAnswer,
  summary: summaryAnswer,
  devs: devsAnswer,
  power: powerAnswer,
  temps: tempsAnswer,
  fans: fansAnswer,
  pools: poolsAnswer,
  groups: groupsAnswer,
  atm: atmAnswer,
  profiles: profilesAnswer,
  events: eventsAnswer,
  session: (device) => sessionAnswer(319, "Session information", device.session),
};

/** Changes that need the session as first field (miners.md §8.1), and those that do not. */
const sessionWrites: Record<string, Write> = { profileset, curtail, atmset, ledset, rebootdevice };
const plainWrites: Record<string, Write> = { addgroup, removegroup, groupquota, addpool, removepool };

/** Runs one command of the dialect. */
export function runLuxosCommand(
  device: LuxosDevice,
  command: string,
  parameter: string,
  isJoined: boolean,
): CgminerAnswer {
  const handler = Object.hasOwn(reads, command) ? reads[command] : undefined;
  if (handler !== undefined) return handler(device);
  // Only questions can be joined.
  if (isJoined) return error(45, `Access denied to '${command}' command`);
  const fields = parameter.split(",");
  if (command === "logon") return logon(device);
  if (command === "logoff") return logoff(device, parameter);
  if (Object.hasOwn(plainWrites, command)) return plainWrites[command]?.(device, fields) ?? unknown();
  if (!Object.hasOwn(sessionWrites, command)) return unknown();
  if (!device.touch(fields[0] ?? "")) return error(320, "Invalid session");
  return sessionWrites[command]?.(device, fields.slice(1)) ?? unknown();
}

/** Answer to bytes that are no JSON. */
export function invalidJson(): CgminerAnswer {
  return error(23, "Invalid JSON");
}

function logon(device: LuxosDevice): CgminerAnswer {
  const id = device.logon();
  return id === "" ? error(318, "Session already active") : sessionAnswer(316, "Session created", id);
}

function logoff(device: LuxosDevice, id: string): CgminerAnswer {
  if (!device.touch(id)) return error(320, "Invalid session");
  device.logoff();
  return read(317, "Session dropped");
}

/** A number from 0 to 3 as the first word is a board of the old syntax, whatever profiles are called. */
function profileset(device: LuxosDevice, [first = "", second]: string[]): CgminerAnswer {
  const isBoard = first.trim() !== "" && Number(first) >= 0 && Number(first) <= 3;
  const word = isBoard ? (second ?? "") : first;
  const profile = chooseProfile(word, device.profile);
  if (profile === undefined) return error(322, `Profile '${word}' not found`);
  device.setProfile(profile.name);
  const row = { Board: 0, FrequencyStep: 5, Profile: profile.name, VoltageStep: 0.05 };
  return read(321, "Profile Set", { name: "PROFILE", rows: [row] });
}

function curtail(device: LuxosDevice, [action]: string[]): CgminerAnswer {
  if (action !== "sleep" && action !== "wakeup") return error(336, `Invalid action '${action ?? ""}'`);
  device.curtail(action === "sleep");
  const row = { Action: action === "sleep" ? "sleep mode" : "wake up" };
  return read(335, "Curtailment command sent", { name: "CURTAIL", rows: [row] });
}

function atmset(device: LuxosDevice, pairs: string[]): CgminerAnswer {
  const change: Partial<AtmSettings> = {};
  for (const pair of pairs) {
    const [key = "", value = ""] = pair.split("=");
    if (!takeAtm(change, key, value)) return error(341, `Invalid value for '${key}'`);
  }
  device.setAtm(change);
  return read(340, "ATM configuration updated");
}

function takeAtm(change: Partial<AtmSettings>, key: string, value: string): boolean {
  const isProfile = luxosProfiles.some(({ name }) => name === value);
  if (key === "enabled" && /^(?:true|false)$/.test(value)) change.isEnabled = value === "true";
  else if (key === "max_profile" && isProfile) change.maxProfile = value;
  else if (key === "min_profile" && (isProfile || value === "")) change.minProfile = value;
  else return false;
  return true;
}

function ledset(device: LuxosDevice, [led, mode = ""]: string[]): CgminerAnswer {
  if (led !== "red" || !["on", "off", "blink", "auto"].includes(mode)) return error(343, "Invalid LED mode");
  device.blink(mode);
  return read(342, "LED mode set");
}

function rebootdevice(device: LuxosDevice): CgminerAnswer {
  device.reboot(2);
  return read(328, "Rebooting device");
}

function addgroup(device: LuxosDevice, [name = "", quota = ""]: string[]): CgminerAnswer {
  const weight = toQuota(quota);
  if (name === "" || weight === null) return error(353, "Invalid group");
  device.addGroup(name, weight);
  return read(352, "Group added");
}

function groupquota(device: LuxosDevice, [id, quota = ""]: string[]): CgminerAnswer {
  const group = groupOf(device, id);
  const weight = toQuota(quota);
  if (group === undefined || weight === null) return error(353, `Invalid group or quota`);
  device.setQuota(group, weight);
  return read(354, "Group quota set");
}

/** The first group is the firmware's own and stays. */
function removegroup(device: LuxosDevice, [id]: string[]): CgminerAnswer {
  const group = groupOf(device, id);
  if (group === undefined || group.id === 0 || group.pools.length > 0) return error(353, "Invalid group");
  device.removeGroup(group);
  return read(355, "Group removed");
}

/** The field of the password must be there, also when it is empty. */
function addpool(device: LuxosDevice, fields: string[]): CgminerAnswer {
  const [url = "", user = "", password, groupId] = fields;
  if (url === "" || password === undefined || fields.length > 4) return error(52, "Missing addpool details");
  const group = groupId === undefined ? device.stored[0] : groupOf(device, groupId);
  if (group === undefined) return error(353, `Invalid group`);
  device.addPool(group, { url, user, password });
  return read(55, `Added pool: '${url}'`);
}

function removepool(device: LuxosDevice, [id = ""]: string[]): CgminerAnswer {
  const group = device.stored.find(({ pools }) => pools.some((pool) => String(pool.id) === id));
  if (group === undefined) return error(26, `Invalid pool id ${id}`);
  device.removePool(group, Number(id));
  return read(68, `Removed pool ${id}`);
}

function groupOf(device: LuxosDevice, id: string | undefined): StoredGroup | undefined {
  return device.stored.find((group) => String(group.id) === id);
}

function toQuota(text: string): number | null {
  return /^\d+(?:\.\d+)?$/.test(text) && Number(text) > 0 ? Number(text) : null;
}

function sessionAnswer(code: number, message: string, id: string): CgminerAnswer {
  return read(code, message, { name: "SESSION", rows: [{ SessionID: id }] });
}

function unknown(): CgminerAnswer {
  return error(14, "Invalid command");
}

function error(code: number, message: string): CgminerAnswer {
  return { status: "E", code, message, sections: [] };
}
