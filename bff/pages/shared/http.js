// One call to our own server: JSON in, JSON or a problem (RFC 9457) out, and nothing waits for ever.

/** @typedef {import("./wire.js").Problem} Problem */

const QUIET = 50_000; // milliseconds; the server is never silent for half of it

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} data What the body said; undefined for 204 and 304.
 * @property {string | null} etag
 * @property {number | null} date The server's clock in milliseconds, from its `Date` header.
 */

/**
 * @typedef {object} Call
 * @property {unknown} [body]
 * @property {string | null} [token]
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {number} [timeout] Milliseconds.
 * @property {boolean} [keepalive] Outlives the page.
 */

/** The server understood and said no, or answered in a way we did not expect. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.code);
    this.problem = problem;
  }
}

/** Nothing came back: no network, no server, or too late. Whether the server acted is not known. */
export class NoReply extends Error {}

/**
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {Call} [call]
 * @returns {Promise<Answer>}
 */
export async function request(method, path, call = {}) {
  const { body, token, headers = {}, signal, timeout = 10_000, keepalive = false } = call;
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(), timeout);
  const leave = () => clock.abort();
  signal?.addEventListener("abort", leave);
  try {
    const response = await fetch(path, {
      method,
      keepalive,
      signal: clock.signal,
      // Validators are ours to send: the browser's cache must not hold a resident's answers.
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      headers: {
        Accept: "application/json, application/problem+json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return await answerOf(response);
  } catch (error) {
    if (error instanceof Refused) throw error;
    if (signal?.aborted) throw signal.reason;
    throw new NoReply(String(error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}

/**
 * Server-sent events, asked for with a token: the browser's own `EventSource` can send none.
 *
 * Returns when the server ends the stream. A line on which nothing comes, not even the server's sign of life,
 * is a lost one.
 *
 * @param {string} path
 * @param {object} call
 * @param {string | null} call.token
 * @param {AbortSignal} call.signal
 * @param {(event: string, data: any) => void} call.heard Told each event.
 * @param {string} [call.since] The id of the last event that is known: what came after it is told first.
 */
export async function listen(path, { token, signal, heard, since = "" }) {
  const clock = new AbortController();
  let timer = setTimeout(() => clock.abort(), QUIET);
  const leave = () => clock.abort();
  signal.addEventListener("abort", leave);
  try {
    const response = await fetch(path, {
      signal: clock.signal,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      headers: {
        Accept: "text/event-stream, application/problem+json",
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(since ? { "Last-Event-ID": since } : {}),
      },
    });
    if (!response.ok || !response.body) throw new Refused(problemOf(response.status, await response.text()));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => clock.abort(), QUIET);
      const events = (rest + part.value).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const { name, data } = fieldsOf(event);
        if (data) heard(name, JSON.parse(data));
      }
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
    if (signal.aborted) throw signal.reason;
    throw new NoReply(String(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", leave);
  }
}

/** @param {string} event */
function fieldsOf(event) {
  const lines = event.split("\n");
  /** @param {string} field */
  const all = (field) => lines.filter((line) => line.startsWith(`${field}: `)).map((line) => line.slice(field.length + 2));
  return { name: all("event")[0] ?? "message", data: all("data").join("\n") };
}

/** @param {Response} response @returns {Promise<Answer>} */
async function answerOf(response) {
  const date = Date.parse(response.headers.get("Date") ?? "");
  const text = await response.text();
  if (!response.ok && response.status !== 304) throw new Refused(problemOf(response.status, text));
  return {
    status: response.status,
    data: text ? JSON.parse(text) : undefined,
    etag: response.headers.get("ETag"),
    date: Number.isNaN(date) ? null : date,
  };
}

/** @param {number} status @param {string} text @returns {Problem} */
function problemOf(status, text) {
  try {
    const said = JSON.parse(text);
    if (typeof said?.code === "string" && typeof said?.title === "string") return said;
  } catch {
    // A proxy's page, not ours.
  }
  return { type: "about:blank", status, code: `HTTP_${status}`, title: "", titleEn: "", detail: "", detailEn: "", traceId: "" };
}
