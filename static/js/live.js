// One live connection: socket first, polling while it is away, a fresh copy after every gap. The database is
// the truth, a frame is only a hint; the state that a person sees is live, reconnecting, polling or stopped.

const POLL_MS = 5000, SILENCE_MS = 30000, FIRST_RETRY_MS = 1000, LAST_RETRY_MS = 30000;
const GONE = new Set([401, 403, 404, 410]);

export class Live {
  constructor({ onData, onState, page = location }) {
    this.socketUrl = `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}/ws${page.pathname}${page.search}`;
    this.dataUrl = `${page.pathname}data.json${page.search}`;
    this.onData = onData;
    this.onState = onState;
    this.seen = new Map();
    this.failures = 0;
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  start() {
    this.say("reconnecting");
    this.open();
    this.pollTimer = setInterval(() => this.poll(), POLL_MS);
  }

  open() {
    if (this.state === "stopped") return;
    clearTimeout(this.retryTimer);
    this.socket = new WebSocket(this.socketUrl);
    this.socket.onmessage = (message) => this.receive(JSON.parse(message.data));
    this.socket.onclose = () => this.closed();
  }

  closed() {
    this.seen.clear();
    this.socket = null;
    if (this.state === "stopped") return;
    this.say("reconnecting");
    const ceiling = Math.min(FIRST_RETRY_MS * 2 ** this.failures++, LAST_RETRY_MS);
    this.retryTimer = setTimeout(() => this.open(), ceiling * (0.5 + Math.random() / 2));
    this.poll();
  }

  // A person is back at the page: do not let them wait for the back-off.
  wake() {
    if (!this.socket) this.open();
    else this.poll();
  }

  receive(frame) {
    this.heard = Date.now();
    this.failures = 0;
    if (this.pending) {
      this.pending.push(frame);
      return;
    }
    const before = this.seen.get(frame.topic);
    this.seen.set(frame.topic, frame.seq);
    if (frame.type === "snapshot") this.deliver(frame.data, true);
    else if (before === undefined || frame.seq !== before + 1) this.refetch();
    else this.deliver(frame.data, false);
    this.say("live");
  }

  deliver(data, isFull) {
    if (!this.paused) this.onData(data, isFull);
  }

  // Frames that arrive meanwhile wait; those that the fresh copy already holds are dropped.
  async refetch() {
    this.pending = [];
    const copy = await this.fetchCopy();
    const waiting = this.pending;
    this.pending = null;
    if (copy) this.deliver(copy.data, true);
    for (const frame of waiting) {
      this.seen.set(frame.topic, frame.seq);
      if (!copy || frame.seq > copy.seq) this.deliver(frame.data, frame.type === "snapshot");
    }
  }

  async poll() {
    const isOpen = this.socket?.readyState === WebSocket.OPEN;
    const isFresh = Date.now() - (this.heard ?? 0) < SILENCE_MS;
    if (document.hidden || this.pending || this.state === "stopped" || (isOpen && isFresh)) return;
    const copy = await this.fetchCopy();
    if (!copy || this.pending) return;
    this.heard = Date.now();
    if (this.socket?.readyState !== WebSocket.OPEN) this.say("polling");
    this.deliver(copy.data, true);
  }

  async fetchCopy() {
    try {
      const answer = await fetch(this.dataUrl, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (GONE.has(answer.status)) this.stop();
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  stop() {
    this.say("stopped");
    clearInterval(this.pollTimer);
    clearTimeout(this.retryTimer);
    this.socket?.close();
  }

  pause(isPaused) {
    this.paused = isPaused;
    this.onState(isPaused ? "paused" : this.state);
    if (!isPaused) this.refetch();
  }

  say(state) {
    if (state === this.state || this.state === "stopped") return;
    this.state = state;
    if (!this.paused) this.onState(state);
  }
}

// Shows the state of the connection in the markup of components/live.html.
export function showState(element, state) {
  element.hidden = false;
  element.dataset.state = state;
  const text = element.dataset[state === "live" ? "liveText" : `${state}Text`];
  element.querySelector("[data-live-label]").textContent = text;
}
