// A file of any size to predict: cut where records end into parts that are uploaded one after the other; then the form
// starts the job. See pages/try_batch.py.
"use strict";

(() => {
  const { Stopped, Upload, Zone, post } = window.windvane;
  const QUOTE = 34, NEWLINE = 10, STEP = 4 << 20, LEAST_PART = 16 << 20, MOST_FIRST = 1 << 20;

  class BatchUpload {
    constructor(file, form, onProgress) {
      this.file = file;
      this.form = form;
      this.onProgress = onProgress;
    }

    stop() {
      this.isStopped = true;
      this.upload?.stop();
    }

    async run() {
      const size = this.file.size, end = await this.firstEnd(), first = await this.text(end);
      const { batch, has_header, parts } = await post(this.form.dataset.begin, { first });
      let start = has_header ? end : 0;
      if (start === size) throw new Error("It has a header and no rows.");
      const least = Math.max(LEAST_PART, Math.ceil(size / (parts - 1)));
      for (let part = 0; start < size; part++) {
        const stop = await this.cut(start, least), from = start;
        const piece = new File([this.file.slice(start, stop)], "part.csv");
        if (this.isStopped) throw new Stopped();
        this.upload = new Upload(piece, (sent) => this.onProgress(from + sent, size), { batch, part });
        await this.upload.run();
        start = stop;
      }
      return { batch, first, file: this.file.name };
    }

    async bytes(start, stop) {
      return new Uint8Array(await this.file.slice(start, stop).arrayBuffer());
    }

    // Where the first record ends; a newline within quotes is none.
    async firstEnd() {
      const bytes = await this.bytes(0, MOST_FIRST);
      if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw new Error("It is packed with Gzip: unpack it first.");
      let isQuoted = false;
      for (let i = 0; i < bytes.length; i++) {
        if (bytes[i] === QUOTE) isQuoted = !isQuoted;
        else if (bytes[i] === NEWLINE && !isQuoted) return i + 1;
      }
      if (this.file.size > MOST_FIRST) throw new Error("Its first line is longer than 1 MB.");
      return this.file.size;
    }

    async text(end) {
      try {
        return new TextDecoder("utf-8", { fatal: true }).decode(await this.bytes(0, end));
      } catch {
        throw new Error("Its first line is not valid UTF-8.");
      }
    }

    // The end of the first record that ends `least` bytes or more beyond the start of one.
    async cut(start, least) {
      let isQuoted = false;
      for (let at = start; at < this.file.size; at += STEP) {
        if (this.isStopped) throw new Stopped();
        const bytes = await this.bytes(at, at + STEP);
        for (let i = 0; i < bytes.length; i++) {
          if (bytes[i] === QUOTE) isQuoted = !isQuoted;
          else if (bytes[i] === NEWLINE && !isQuoted && at + i + 1 - start >= least) return at + i + 1;
        }
      }
      return this.file.size;
    }
  }

  class BatchZone extends Zone {
    constructor(root) {
      super(root);
      this.form = root.closest("form");
    }

    sending(file, onProgress) { return new BatchUpload(file, this.form, onProgress); }

    arrived(found) {
      for (const [name, value] of Object.entries(found)) this.form.elements[name].value = value;
      this.form.submit();
    }
  }

  document.querySelectorAll("[data-batch]").forEach((root) => new BatchZone(root).listen());
})();
