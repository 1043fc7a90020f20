/**
 * Member codes and worker names (settlement.md §7): seven random Crockford characters issued by the co-op, one
 * check character, two digits for the device. They carry no personal data and may be public at a pool.
 */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const CODE = /^[0-9a-hjkmnp-tv-z]{7}$/;

/**
 * Check character of seven Crockford characters in lower case: Luhn modulo 32, doubling every other value
 * from the last one on.
 *
 * @throws RangeError when `code7` is not seven characters of the alphabet.
 */
export function checkCharacter(code7: string): string {
  if (!CODE.test(code7))
    throw new RangeError("A member code has seven characters before its check character");
  let sum = 0;
  for (let position = 0; position < 7; position += 1) {
    const value = ALPHABET.indexOf(code7.charAt(6 - position)) * (position % 2 === 0 ? 2 : 1);
    sum += Math.floor(value / 32) + (value % 32);
  }
  return ALPHABET.charAt((32 - (sum % 32)) % 32);
}

/**
 * A member code as a person types it: any case, blanks and dashes between groups, `i` and `l` for 1, `o` for 0.
 * Null when the length, a character or the check character is wrong.
 */
export function parseMemberCode(text: string): string | null {
  const code = text.toLowerCase().replaceAll(/[\s-]/g, "").replaceAll(/[il]/g, "1").replaceAll("o", "0");
  return isMemberCode(code) ? code : null;
}

/** True for the eight characters exactly as the co-op issues them: lower case, right check character. */
export function isMemberCode(text: string): boolean {
  return (
    text.length === 8 && CODE.test(text.slice(0, 7)) && checkCharacter(text.slice(0, 7)) === text.charAt(7)
  );
}

/**
 * Worker of one device: member code and two digits, as `7k3q9d2z01`.
 *
 * @param deviceIndex 1 to 99, counted from the member's first device.
 * @throws RangeError for a wrong code or index.
 */
export function workerName(member: string, deviceIndex: number): string {
  if (!isMemberCode(member)) throw new RangeError("Not a member code with a right check character");
  if (!Number.isInteger(deviceIndex) || deviceIndex < 1 || deviceIndex > 99) {
    throw new RangeError(`A member has devices 1 to 99, not ${deviceIndex}`);
  }
  return `${member}${String(deviceIndex).padStart(2, "0")}`;
}
