/** What a driver is given from outside; nothing of it is kept beyond the driver. */
export interface DriverOptions {
  /** Password of the device's own page; null: the documented factory default is tried once. */
  password?: string | null;
  /** Wall clock of this computer, ms, for devices without a usable clock of their own. */
  nowMs?: () => number;
}
