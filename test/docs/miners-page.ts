import { splitMechanismOf } from "#src/app/split-mechanism.ts";
import { minerDrivers } from "#src/miners/registry.ts";
import type { MinerActions, MinerCapabilities } from "#src/model/miner.ts";
import { formatWatts } from "#src/text/format.ts";
import { mechanismWords } from "#src/text/split-mechanism.ts";
import { closedDevices, type Device, devices, inWorld } from "../app/emulated-world.ts";

/** Where the page stands. */
export const MINERS_PAGE = new URL("../../docs/miners.md", import.meta.url);

const STOP = new AbortController().signal;

/** The page of miners: what each driver says of itself, and what each emulated device turns out to offer. */
export async function minersPage(): Promise<string> {
  const families = [];
  for (const entry of minerDrivers) {
    const { title, tier, exemptions } = await entry.load();
    const own = [...devices, ...closedDevices].filter((device) => device.entry.firmware === entry.id);
    const rows = [];
    for (const device of own) rows.push(await rowOf(device));
    families.push(
      [
        `## ${title}`,
        "",
        `Driver \`${entry.id}\`, ${tier}; ${portWords(entry.ports)}.`,
        "",
        "| Emulated as | Power | Rest | Split | Pools | Also |",
        "|---|---|---|---|---|---|",
        ...rows,
        "",
        ...(exemptions.length > 0
          ? ["What to know:", "", ...exemptions.map((words) => `- ${words}`), ""]
          : []),
      ].join("\n"),
    );
  }
  return [INTRODUCTION, ...families].join("\n").trimEnd().concat("\n");
}

const INTRODUCTION = `# Miners

Written by \`npm run docs\` from the drivers themselves and from what each emulated device offers them; a test fails when it is no longer true.
No driver has been seen on real hardware yet, so none is platinum.

- **bronze** reads truthfully, **silver** also pauses and resumes with read-back, **gold** also sets power and pools, with a backup before.
- **Power**: \`steps\` are the modes that the firmware has, \`watts\` any target between two ends. Figures are the firmware's own scale.
- **Split**: how the agreed share of the hashing reaches the co-op. Pools in order of failover alone are no split.
- \`hearth emulate miner --model NAME\` starts each of them on this computer; \`--firmware\` takes the word after the name.
- A driver asks for the password of the device's own page where the firmware wants one: \`hearth pair --miner ADDRESS --password-file FILE\`.
`;

async function rowOf(device: Device): Promise<string> {
  const { entry, generation } = device;
  const capabilities = await inWorld(device, {}, ({ port }) => port.capabilities(STOP));
  const cells = [
    generation === null ? `\`${entry.model}\`` : `\`${entry.model}\` \`${generation}\``,
    powerWords(capabilities),
    restWords(capabilities.actions),
    mechanismWords(splitMechanismOf(capabilities)),
    poolWords(capabilities),
    alsoWords(capabilities.actions),
  ];
  return `| ${cells.join(" | ")} |`;
}

function portWords({ http, cgminer, frames }: { http?: number; cgminer?: number; frames?: number }): string {
  const ports = [
    http === undefined ? null : `HTTP ${http}`,
    cgminer === undefined ? null : `CGMiner ${cgminer}`,
    frames === undefined ? null : `frames ${frames}`,
  ];
  return `ports: ${ports.filter((words) => words !== null).join(", ")}`;
}

function powerWords({ power, steps, minW, maxW, actions }: MinerCapabilities): string {
  if (power === "discrete" && actions.setStep) {
    const [first, last] = [steps.at(0), steps.at(-1)];
    const ends = [first, last].map((step) => formatWatts(step?.targetW ?? step?.wallW));
    return `${steps.length} steps, ${ends.join(" to ")}`;
  }
  if (power === "continuous" && actions.setTarget)
    return `watts, ${formatWatts(minW)} to ${formatWatts(maxW)}`;
  return actions.pause ? "on or off" : "not from here";
}

function restWords({ pause, resume }: MinerActions): string {
  if (pause && resume) return "yes";
  return pause ? "pause only" : "no";
}

function poolWords({ actions, poolSlots, poolsNeedRestart }: MinerCapabilities): string {
  if (!actions.writePools) return "read only";
  return poolsNeedRestart ? `${poolSlots}, by a restart` : `${poolSlots}`;
}

function alsoWords({ restart, locate }: MinerActions): string {
  const words = [restart ? "restart" : null, locate ? "locate" : null].filter((word) => word !== null);
  return words.length > 0 ? words.join(", ") : "–";
}
