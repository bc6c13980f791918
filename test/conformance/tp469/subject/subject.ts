/** The life of the agent under test. */
export interface Subject extends AsyncDisposable {
  start(): Promise<void>;
  /** Puts its configuration back to what it was at first, and starts it anew. */
  reset(): Promise<void>;
  /** Takes it down as a reboot does, and up again; resolves when it has been started, not yet when it is connected. */
  reboot(): Promise<void>;
}
