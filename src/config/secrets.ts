import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessError } from "../model/errors.ts";
import type { HearthPaths } from "./paths.ts";

/** Secrets as one file each, 0600, under `secrets/` (interfaces.md §2: `file:NAME`). */
export interface SecretStore {
  /** The reference to write into the configuration. */
  write(name: string, secret: string): string;
  /** Null when there is none. Throws `SECRET_MODE` (5) when others may read it. */
  read(ref: string): string | null;
  /** The first line of it. Throws `SECRET_MISSING` (5) when there is none. */
  need(ref: string | null): string;
  remove(ref: string): void;
}

/** Opens the store; the folder must exist (`createFolders`). */
export function openSecrets(paths: HearthPaths): SecretStore {
  const pathOf = (ref: string) => {
    const name = ref.startsWith("file:") ? ref.slice(5) : ref;
    if (!/^[a-z0-9][a-z0-9.-]{0,63}$/.test(name)) {
      throw accessError("SECRET_NAME", "A secret's name has characters that are not allowed");
    }
    return join(paths.secrets, name);
  };
  const read = (ref: string): string | null => {
    const path = pathOf(ref);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (!status) return null;
    if (!status.isFile() || (status.mode & 0o077) !== 0) {
      throw accessError("SECRET_MODE", `The secret file ${path} can be read by others or is no plain file`, {
        left: "It was not used",
        hint: `chmod 600 ${path}`,
      });
    }
    return readFileSync(path, "utf8");
  };
  return {
    read,
    need(ref) {
      const text = ref === null ? null : read(ref);
      if (text !== null) return text.split(/\r?\n/, 1)[0] ?? "";
      throw accessError("SECRET_MISSING", `The secret ${ref ?? "that is needed"} is not there`, {
        left: "Nothing was sent",
        hint: "secret_ref as file:NAME, with the secret in a file of that name in the folder of secrets",
      });
    },
    write(name, secret) {
      const path = pathOf(name);
      const temporary = `${path}.${process.pid}.new`;
      writeFileSync(temporary, secret, { mode: 0o600, flag: "wx", flush: true });
      renameSync(temporary, path);
      return `file:${name}`;
    },
    remove(ref) {
      rmSync(pathOf(ref), { force: true });
    },
  };
}
