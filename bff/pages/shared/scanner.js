// The camera and the reader behind it: frames in, texts out, one frame in flight at a time.

/** @typedef {import("./decoder.js").Reply} Reply */

/** Why there is no picture. */
export class CameraUnavailable extends Error {
  /** @param {"refused" | "missing" | "insecure" | "broken"} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

// Read at 1280×720: the QR version matters more than the reader, and small modules need the pixels.
const WANTED = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
const LARGEST = 1600; // pixels: the longer side of a picture that is read
const PACE = 66; // milliseconds between frames: a phone that stays cool all shift

export class Scanner {
  #video;
  #canvas = document.createElement("canvas");
  /** @type {Worker | null} */
  #worker = null;
  /** @type {MediaStream | null} */
  #stream = null;
  #running = false;
  #frame = 0;
  /** @type {(text: string) => void} */
  #found;
  /** @type {(error: CameraUnavailable) => void} */
  #failed;

  /**
   * @param {HTMLVideoElement} video
   * @param {(text: string) => void} found
   * @param {(error: CameraUnavailable) => void} failed
   */
  constructor(video, found, failed) {
    this.#video = video;
    this.#found = found;
    this.#failed = failed;
  }

  /** Open the camera and read until `stop`. */
  async start() {
    this.#running = true;
    this.#worker ??= this.#startWorker();
    try {
      this.#stream = await openCamera();
    } catch (error) {
      this.stop();
      throw error instanceof CameraUnavailable ? error : new CameraUnavailable(reasonOf(error));
    }
    if (!this.#running) return this.stop(); // left while the browser was asking
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#next();
  }

  /** Close the camera: no light, no frames. */
  stop() {
    this.#running = false;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }

  /**
   * The code in a picture, null if there is none to be read. Nothing of it leaves the device.
   *
   * @param {Blob} file
   * @returns {Promise<string | null>}
   */
  async read(file) {
    const picture = await createImageBitmap(file);
    const shrunk = Math.min(1, LARGEST / Math.max(picture.width, picture.height));
    this.#canvas.width = Math.max(1, Math.round(picture.width * shrunk));
    this.#canvas.height = Math.max(1, Math.round(picture.height * shrunk));
    const context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d", { willReadFrequently: true }));
    context.drawImage(picture, 0, 0, this.#canvas.width, this.#canvas.height);
    const frame = context.getImageData(0, 0, this.#canvas.width, this.#canvas.height);
    picture.close();
    const worker = (this.#worker ??= this.#startWorker());
    this.#frame += 1;
    const id = this.#frame;
    return await new Promise((resolve) => {
      const heard = (/** @type {MessageEvent<Reply>} */ { data }) => {
        if (!("failed" in data) && !("id" in data && data.id === id)) return;
        worker.removeEventListener("message", heard);
        resolve("id" in data ? data.text : null);
      };
      worker.addEventListener("message", heard);
      worker.postMessage({ id, frame }, [frame.data.buffer]);
    });
  }

  /** Give the reader's memory back as well. */
  dispose() {
    this.stop();
    this.#worker?.terminate();
    this.#worker = null;
  }

  /** Whether the camera has a lamp to switch. */
  get hasTorch() {
    const capabilities = this.#stream?.getVideoTracks()[0]?.getCapabilities?.();
    return Boolean(capabilities && "torch" in capabilities && capabilities.torch);
  }

  /** @param {boolean} on */
  async torch(on) {
    const constraint = /** @type {MediaTrackConstraintSet} */ (/** @type {unknown} */ ({ torch: on }));
    await this.#stream?.getVideoTracks()[0]?.applyConstraints({ advanced: [constraint] });
  }

  #startWorker() {
    const worker = new Worker(new URL("./decoder.js", import.meta.url), { type: "module", name: "qr" });
    worker.addEventListener("message", (/** @type {MessageEvent<Reply>} */ { data }) => {
      if ("failed" in data) this.#failed(new CameraUnavailable("broken"));
      else if ("id" in data && this.#running) {
        if (data.text) this.#found(data.text);
        setTimeout(() => this.#next(), PACE);
      }
    });
    worker.addEventListener("error", () => this.#failed(new CameraUnavailable("broken")));
    return worker;
  }

  #next() {
    if (!this.#running) return;
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!width || !height || document.hidden) {
      setTimeout(() => this.#next(), 4 * PACE);
      return;
    }
    this.#canvas.width = width;
    this.#canvas.height = height;
    const context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d", { willReadFrequently: true }));
    context.drawImage(this.#video, 0, 0);
    const frame = context.getImageData(0, 0, width, height);
    this.#frame += 1;
    this.#worker?.postMessage({ id: this.#frame, frame }, [frame.data.buffer]);
  }
}

async function openCamera() {
  if (!window.isSecureContext) throw new CameraUnavailable("insecure");
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraUnavailable("missing");
  return await navigator.mediaDevices.getUserMedia({ video: WANTED, audio: false });
}

/** @param {unknown} error @returns {"refused" | "missing" | "broken"} */
function reasonOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "broken";
}
