// A file from this browser to S3 in parts, each by a URL that the server signed; see pages/uploads.py.
"use strict";

(() => {
  const AT_ONCE = 3, SIGNED_AT_ONCE = 12, TRIES = 6, FIRST_WAIT_MS = 500;

  class Stopped extends Error {}

  function post(path, told) {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    return fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token },
      body: JSON.stringify(told),
    }).then(async (answer) => {
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.error);
      return found;
    });
  }

  async function s3(method, url, body) {
    const answer = await fetch(url, { method, body, headers: body ? { "Content-Type": "application/xml" } : {} });
    const text = await answer.text();
    const document = text ? new DOMParser().parseFromString(text, "application/xml") : null;
    // S3 may answer 200 and tell of an error all the same.
    if (!answer.ok || document?.documentElement.nodeName === "Error") {
      throw new Error(document?.querySelector("Message")?.textContent || `The S3 store returned status ${answer.status}.`);
    }
    return document;
  }

  class Upload {
    constructor(file, onProgress, place = {}) {
      this.file = file;
      this.onProgress = onProgress;
      this.wanted = place;
      this.sent = new Map();
      this.etags = new Map();
      this.urls = new Map();
      this.requests = new Set();
      this.isStopped = false;
    }

    async run() {
      this.place = await post("/console/uploads", { name: this.file.name, size: this.file.size, ...this.wanted });
      const created = await s3("POST", this.place.create);
      this.id = created.querySelector("UploadId").textContent;
      this.nParts = Math.ceil(this.file.size / this.place.part_bytes);
      this.next = 1;
      try {
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, this.nParts) }, () => this.sendParts()));
        await this.complete();
      } catch (error) {
        this.stop();
        await this.abort();
        throw error;
      }
      return this.place.uri;
    }

    stop() {
      this.isStopped = true;
      this.requests.forEach((request) => request.abort());
    }

    async sendParts() {
      while (this.next <= this.nParts) {
        const part = this.next++;
        this.etags.set(part, await this.insist(() => this.sendPart(part)));
      }
    }

    // Again after a while, longer each time: parts are lost where networks break off.
    async insist(act) {
      for (let attempt = 1; ; attempt++) {
        if (this.isStopped) throw new Stopped();
        try {
          return await act();
        } catch (error) {
          if (this.isStopped) throw new Stopped();
          if (attempt === TRIES) throw error;
          await new Promise((resume) => setTimeout(resume, FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random())));
        }
      }
    }

    async urlOf(part) {
      if (!this.urls.has(part)) {
        const last = Math.min(part + SIGNED_AT_ONCE - 1, this.nParts);
        const parts = Array.from({ length: last - part + 1 }, (_, i) => part + i);
        const signed = await post("/console/uploads/urls", { key: this.place.key, upload_id: this.id, parts });
        Object.entries(signed.parts).forEach(([one, url]) => this.urls.set(Number(one), url));
      }
      const url = this.urls.get(part);
      this.urls.delete(part);
      return url;
    }

    async sendPart(part) {
      const url = await this.urlOf(part);
      if (this.isStopped) throw new Stopped();
      const start = (part - 1) * this.place.part_bytes;
      const blob = this.file.slice(start, start + this.place.part_bytes, "application/octet-stream");
      return new Promise((done, failed) => {
        const request = new XMLHttpRequest();
        this.requests.add(request);
        const end = () => this.requests.delete(request);
        request.open("PUT", url);
        request.upload.onprogress = (event) => this.tell(part, event.loaded);
        request.onerror = request.onabort = () => { end(); this.tell(part, 0); failed(new Error("The connection was lost.")); };
        request.onload = () => {
          end();
          const etag = request.getResponseHeader("ETag");
          if (request.status === 200 && etag) {
            this.tell(part, blob.size);
            done(etag);
          } else {
            this.tell(part, 0);
            failed(new Error(`Part ${part} failed with status ${request.status}.`));
          }
        };
        request.send(blob);
      });
    }

    tell(part, bytes) {
      this.sent.set(part, bytes);
      let sum = 0;
      this.sent.forEach((one) => { sum += one; });
      this.onProgress(sum, this.file.size);
    }

    async complete() {
      const list = Array.from({ length: this.nParts }, (_, i) => {
        const etag = this.etags.get(i + 1).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
        return `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`;
      });
      const whole = `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`;
      await this.insist(async () => s3("POST", (await this.wholeUrls()).complete, whole));
    }

    async abort() {
      try {
        await s3("DELETE", (await this.wholeUrls()).abort);
      } catch {
        // What was sent stays until somebody aborts it; there is no connection to do it with.
      }
    }

    wholeUrls() {
      return post("/console/uploads/urls", { key: this.place.key, upload_id: this.id, parts: [] });
    }
  }

  function inBytes(count) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let size = count, unit = 0;
    while (size >= 1000 && unit < units.length - 1) { size /= 1000; unit++; }
    return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
  }

  function inTime(seconds) {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  }

  // The rate of the last seconds, not of the whole: it is what the time left depends on.
  class Rate {
    constructor() { this.seen = [[performance.now(), 0]]; }

    at(sent) {
      const now = performance.now();
      this.seen.push([now, sent]);
      while (this.seen.length > 2 && now - this.seen[0][0] > 8000) this.seen.shift();
      const [then, before] = this.seen[0];
      return now - then > 300 ? Math.max(0, (1000 * (sent - before)) / (now - then)) : 0;
    }
  }

  class Zone {
    constructor(root) {
      this.root = root;
      this.input = root.querySelector("input[type=file]");
      this.progress = root.querySelector("progress");
      this.told = root.querySelector("[data-told]");
      this.fault = root.querySelector("[data-fault]");
      this.under = root.querySelector("[data-under-way]");
      this.cancel = root.querySelector("[data-cancel]");
      this.said = document.getElementById("said");
    }

    listen() {
      this.root.hidden = false;
      this.input.addEventListener("change", () => this.take(this.input.files));
      this.root.querySelector("[data-pick]").addEventListener("click", () => this.input.click());
      this.cancel.addEventListener("click", () => this.upload?.stop());
      this.root.addEventListener("dragover", (event) => { event.preventDefault(); this.root.classList.add("over"); });
      this.root.addEventListener("dragleave", () => this.root.classList.remove("over"));
      this.root.addEventListener("drop", (event) => {
        event.preventDefault();
        this.root.classList.remove("over");
        this.take(event.dataTransfer.files);
      });
      window.addEventListener("beforeunload", (event) => { if (this.upload) event.preventDefault(); });
      // A file that misses the zone is not to take the place of the page.
      ["dragover", "drop"].forEach((kind) => document.addEventListener(kind, (event) => event.preventDefault()));
    }

    async take(files) {
      if (this.upload || files.length === 0) return;
      if (files.length > 1) return this.fail("Drop one file. To use several files of one table, put them into one S3 folder and enter its location.");
      const file = files[0], rate = new Rate();
      this.fault.hidden = true;
      this.under.hidden = false;
      this.show(0, file.size, 0, file.name);
      this.say(`Uploading ${file.name}.`);
      this.upload = this.sending(file, (sent, whole) => this.show(sent, whole, rate.at(sent), file.name));
      try {
        const found = await this.upload.run();
        this.upload = undefined;
        this.say("Uploaded.");
        this.arrived(found);
      } catch (error) {
        this.upload = undefined;
        this.under.hidden = true;
        this.input.value = "";
        if (error instanceof Stopped) this.say("Cancelled.");
        else this.fail(`${file.name} was not uploaded. ${error.message}`);
      }
    }

    sending(file, onProgress) { return new Upload(file, onProgress); }

    arrived(uri) { window.location.assign(this.root.dataset.then + encodeURIComponent(uri)); }

    show(sent, whole, rate, name) {
      this.progress.max = whole;
      this.progress.value = sent;
      const parts = [`${name}: ${inBytes(sent)} of ${inBytes(whole)}`];
      if (rate > 0) parts.push(`${inBytes(rate)}/s`);
      if (rate > 0 && sent < whole) parts.push(`${inTime((whole - sent) / rate)} left`);
      this.told.textContent = parts.join(" · ");
    }

    say(text) { this.said.textContent = text; }

    fail(text) {
      this.fault.textContent = text;
      this.fault.hidden = false;
    }
  }

  window.windvane = { Stopped, Upload, Zone, post };

  document.querySelectorAll("[data-upload]").forEach((root) => new Zone(root).listen());
})();
